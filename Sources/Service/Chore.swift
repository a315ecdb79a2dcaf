import DequeModule
import Relations
import Wire

/// Work for a load that is too much for one turn of the loop, in which everybody else waits: it is done piece by piece.
protocol Chore: AnyObject {
    /// Does one piece, of a fraction of a millisecond.
    /// - Returns: whether there is more to do.
    func doPiece(for engine: Engine) -> Bool
}

/// The chores that are under way, each a piece in turn.
struct Chores {
    struct Limits {
        /// Nanoseconds of a turn after which no further piece is begun.
        var budget: Int64 = 2_000_000
        /// A load of no more rows is never a chore: making one would cost more than it is worth.
        var fewRows = 64
        /// Rows that may be handled at once in a turn, for loads of which none is a chore by itself.
        var rowsAtOnce = 2048
        /// Rows, or what takes about as long, that are handled in one piece.
        var rowsInPiece = 512
    }

    let limits: Limits
    private var waiting: Deque<any Chore> = []
    private var rowsInTurn = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// Whether work on so many rows may be done at once; it is counted as done then.
    mutating func allow(rows: Int) -> Bool {
        guard rows <= limits.fewRows || rowsInTurn + rows <= limits.rowsAtOnce else { return false }
        rowsInTurn += rows
        return true
    }

    mutating func add(_ chore: any Chore) {
        waiting.append(chore)
    }

    mutating func next() -> (any Chore)? { waiting.popFirst() }

    mutating func turnEnds() {
        rowsInTurn = 0
    }
}

/// Finds out what a ticket's rows include.
final class GrowthChore: Chore {
    private let ticket: Ticket
    private let load: PendingLoad
    private var growth: Growth

    init(_ ticket: Ticket) {
        self.ticket = ticket
        load = ticket.load
        growth = Growth(of: ticket)
    }

    func doPiece(for engine: Engine) -> Bool {
        guard load.isWaiting else { return false }
        do throws(Failure) {
            guard try growth.look(steps: engine.chores.limits.rowsInPiece) else { return true }
            engine.attach(growth, to: ticket)
        } catch {
            engine.fail(load, error)
        }
        return false
    }
}

/// Writes a long reply, if there is memory for it.
final class ReplyChore: Chore {
    private static let bytesInPiece = 1 << 18

    private let load: PendingLoad
    private var reply: LoadReply
    private var output = ByteBuffer()
    private let memory: MemoryGauge
    /// Bytes that are counted in it: what the reply will take, lest many are begun that do not fit together.
    private var held = 0
    private var hasBegun = false

    init(_ reply: LoadReply, of load: PendingLoad, memory: MemoryGauge) {
        self.load = load
        self.reply = reply
        self.memory = memory
    }

    deinit { memory.update(&held, to: 0) }

    func doPiece(for engine: Engine) -> Bool {
        guard load.isWaiting else { return false }
        guard hasRoom() else {
            engine.fail(load, engine.fullMemory)
            return false
        }
        switch reply.write(
            to: &output, steps: engine.chores.limits.rowsInPiece, bytes: Self.bytesInPiece)
        {
        case .more: return true
        case .done:
            engine.forget(load)
            memory.update(&held, to: 0)
            load.client.reply(load.requestID) {
                $0.take(&output)
                return nil
            }
        case .failed(let failure): engine.fail(load, failure)
        }
        return false
    }

    private func hasRoom() -> Bool {
        if hasBegun {
            guard output.capacity > held else { return true }
            memory.update(&held, to: output.capacity)
            return !memory.isFull
        }
        hasBegun = true
        guard !memory.isFull else { return false }
        output.reserve(reply.estimate)
        memory.update(&held, to: output.capacity)
        return true
    }
}
