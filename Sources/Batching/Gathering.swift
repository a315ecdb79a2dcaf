import DequeModule
import Relations

/// The keys of one shape that wait for a query, each once.
struct Gathering {
    let shape: Shape
    /// Queries of this shape that were sent and are not yet complete.
    var inFlight = 0
    /// First asked first. An abandoned entry is skipped.
    private var entries: Deque<Entry> = []
    /// Where a waiting key stands in `entries`, counted from the first entry ever.
    private var places: [Key: Int] = [:]
    /// How many entries have left at the front.
    private var departed = 0

    init(shape: Shape) {
        self.shape = shape
    }

    /// Distinct keys that wait.
    var count: Int { places.count }

    var isIdle: Bool { places.isEmpty && inFlight == 0 }

    /// When the key that has waited longest was first asked for.
    var oldest: Instant? { entries.first?.since }

    var isFull: Bool { count >= shape.maxKeys }

    /// Answers whether the key was not waiting before.
    mutating func add(_ key: Key, _ asker: Asker, at now: Instant) -> Bool {
        if let place = places[key] {
            entries[place - departed].askers.append(asker)
            return false
        }
        places[key] = departed + entries.count
        entries.append(Entry(key: key, since: now, askers: [asker]))
        return true
    }

    /// Answers whether nobody waits for the key any more, who did before.
    mutating func withdraw(_ key: Key, _ ticket: TicketID) -> Bool {
        guard let place = places[key], entries[place - departed].withdraw(ticket) else { return false }
        places[key] = nil
        dropWithdrawn()
        return true
    }

    /// The keys that waited longest, as many as one query takes.
    mutating func take(maxKeyBytes: Int) -> [Entry] {
        var taken: [Entry] = []
        var bytes = 0
        while taken.count < shape.maxKeys, let entry = entries.first {
            bytes += entry.key.byteCount
            guard taken.isEmpty || bytes <= maxKeyBytes else { break }
            entries.removeFirst()
            departed += 1
            places[entry.key] = nil
            taken.append(entry.settled())
            dropWithdrawn()
        }
        return taken
    }

    /// Keeps the front entry a living one, so that `oldest` is right.
    private mutating func dropWithdrawn() {
        while let first = entries.first, first.isAbandoned {
            entries.removeFirst()
            departed += 1
        }
    }
}

extension Entry {
    /// Nobody waits for it any more.
    fileprivate var isAbandoned: Bool { withdrawnAskers == askers.count }

    /// Answers whether nobody is left. Ticket numbers only grow, so that the askers are sorted by them.
    fileprivate mutating func withdraw(_ ticket: TicketID) -> Bool {
        var (low, high) = (0, askers.count)
        while low < high {
            let middle = (low + high) / 2
            if askers[middle].ticket.number < ticket.number { low = middle + 1 } else { high = middle }
        }
        let theirs = askers[low...].prefix { $0.ticket == ticket }.count
        guard theirs > 0, withdrawn.insert(ticket).inserted else { return false }
        withdrawnAskers += theirs
        return isAbandoned
    }

    /// Only with those who still wait.
    fileprivate func settled() -> Entry {
        guard !withdrawn.isEmpty else { return self }
        return Entry(key: key, since: since, askers: askers.filter { !withdrawn.contains($0.ticket) })
    }
}
