import Relations

/// Finds out what a ticket's rows include.
final class GrowthChore: Chore {
    private let ticket: Ticket
    private let load: PendingLoad
    private var growth: Growth

    init(_ ticket: Ticket, of load: PendingLoad) {
        self.ticket = ticket
        self.load = load
        growth = Growth(of: ticket)
    }

    func doPiece(for engine: Engine) -> Bool {
        guard load.isWaiting else { return false }
        do throws(Failure) {
            guard try growth.look(steps: engine.chores.limits.rowsInPiece) else { return true }
            engine.attach(growth, to: ticket, of: load)
        } catch {
            engine.fail(load, error)
        }
        return false
    }
}
