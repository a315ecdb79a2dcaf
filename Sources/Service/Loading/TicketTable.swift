import Batching

/// The tickets that wait, each found by its place at once: hashing their numbers would be a tenth of the daemon's work.
struct TicketTable {
    private var places: [Ticket?] = []
    private var free: [Int] = []
    private var lastNumber: UInt64 = 0

    subscript(id: TicketID) -> Ticket? {
        guard places.indices.contains(id.place), let ticket = places[id.place], ticket.id.number == id.number
        else {
            return nil
        }
        return ticket
    }

    /// Gives a ticket its id.
    mutating func insert(_ ticket: Ticket) {
        lastNumber += 1
        let place = free.popLast() ?? places.count
        ticket.id = TicketID(lastNumber, place: place)
        if place == places.count { places.append(ticket) } else { places[place] = ticket }
    }

    /// Answers whether it was there.
    mutating func remove(_ ticket: Ticket) -> Bool {
        guard self[ticket.id] != nil else { return false }
        places[ticket.id.place] = nil
        free.append(ticket.id.place)
        return true
    }

    var all: [Ticket] { places.compactMap { $0 } }
}
