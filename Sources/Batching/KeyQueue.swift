import DequeModule
import Relations
import Time

/// The keys of one batch key that wait for a query, each once, in rounds of their waiters' fair shares.
struct KeyQueue {
    /// A distinct key and who asks for it. Most keys have one waiter, who stands here; the others are in a chain.
    private struct Slot {
        var key: Key
        var first: Waiter
        /// When it was first asked for.
        var since: Instant
        var round: Int
        /// Waiters that have not been withdrawn.
        var waiting: Int
        var more: Int?
        var last: Int?
        /// Counts the keys that have stood here, so that a entry in line that is out of date is seen to be so.
        var serial: UInt32
    }

    private struct Link {
        var waiter: Waiter
        var next: Int?
    }

    private struct Entry {
        let slot: Int
        let serial: UInt32
    }

    private struct RoundQueue {
        let round: Int
        var entries: Deque<Entry>
    }

    let batchKey: BatchKey
    /// Queries of this batch key that were sent and are not yet complete.
    var inFlight = 0
    var service = ServiceTime()
    /// Of queries that had the database for themselves.
    var serviceAlone = ServiceTime()
    private var arrivals = ArrivalRate()
    /// When the key that has waited longest was first asked for, or earlier.
    private(set) var since: Instant?
    /// The first deadline of those who wait, or earlier.
    private var deadline: Instant?
    /// When waiting for company ends.
    private var gathersUntil: Instant?
    /// When the keys must be looked at again though nothing happens; a timer of another time is out of date.
    private(set) var wakesAt: Instant?
    /// Where the batch key stands among those that are due.
    private(set) var due: Due?
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    /// Where each waiting key's slot is.
    private var index = KeyMap()
    private var links: [Link] = []
    private var freeLinks: [Int] = []
    /// By round. A entry whose key has left, or has moved to an earlier round, is skipped.
    private var roundQueues: Deque<RoundQueue> = []
    /// Places in all roundQueues.
    private var entryCount = 0

    init(batchKey: BatchKey) {
        self.batchKey = batchKey
    }

    /// Distinct keys that wait.
    var count: Int { index.count }

    var isIdle: Bool { index.isEmpty && inFlight == 0 }

    var isFull: Bool { count >= batchKey.maxKeys }

    // MARK: In

    /// Answers whether the key was not waiting before.
    mutating func add(_ key: Key, _ waiter: Waiter, round: Int, deadline: Instant?, at now: Instant) -> Bool {
        if let deadline { self.deadline = min(self.deadline ?? deadline, deadline) }
        if let known = index[key] {
            join(known, waiter, round: round)
            return false
        }
        if since == nil { since = now }
        arrivals.count(at: now)
        let slot = newSlot(key, waiter, round: round, at: now)
        index[key] = slot
        enqueue(slot, in: round)
        return true
    }

    private mutating func newSlot(_ key: Key, _ waiter: Waiter, round: Int, at now: Instant) -> Int {
        var new = Slot(key: key, first: waiter, since: now, round: round, waiting: 1, serial: 0)
        guard let free = freeSlots.popLast() else {
            slots.append(new)
            return slots.count - 1
        }
        new.serial = slots[free].serial
        slots[free] = new
        return free
    }

    private mutating func join(_ slot: Int, _ waiter: Waiter, round: Int) {
        let link = newLink(waiter)
        if let last = slots[slot].last { links[last].next = link } else { slots[slot].more = link }
        slots[slot].last = link
        slots[slot].waiting += 1
        guard round < slots[slot].round else { return }
        slots[slot].round = round
        enqueue(slot, in: round)
    }

    private mutating func newLink(_ waiter: Waiter) -> Int {
        guard let free = freeLinks.popLast() else {
            links.append(Link(waiter: waiter))
            return links.count - 1
        }
        links[free] = Link(waiter: waiter)
        return free
    }

    private mutating func enqueue(_ slot: Int, in round: Int) {
        let entry = Entry(slot: slot, serial: slots[slot].serial)
        entryCount += 1
        let number = firstQueue(notBefore: round)
        if number < roundQueues.count, roundQueues[number].round == round {
            roundQueues[number].entries.append(entry)
        } else {
            roundQueues.insert(RoundQueue(round: round, entries: [entry]), at: number)
        }
    }

    /// One client's hundred thousand keys are more than a thousand roundQueues: by halves.
    private func firstQueue(notBefore round: Int) -> Int {
        var (low, high) = (0, roundQueues.count)
        while low < high {
            let middle = (low + high) / 2
            if roundQueues[middle].round < round { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Of the keys that wait.
    var lastRound: Int? { roundQueues.last?.round }

    // MARK: When they are due

    enum Decision {
        /// Nothing new.
        case wait
        case wake(at: Instant)
        case ready(Due)
    }

    /// Whether the keys are due, or when they will be.
    mutating func decide(isFrugal: Bool, at now: Instant) -> Decision {
        guard let since else { return .wait }
        // Whoever has been held long enough is due since then, though nobody looked.
        let dueAt = min(gathersUntil ?? now, now)
        if inFlight == 0, !isFrugal { return becomeDue(.idle, since, at: dueAt) }
        if isFull { return becomeDue(.full, since, at: dueAt) }
        let end = gathersUntil ?? endOfGathering(since, isFrugal: isFrugal, at: now)
        gathersUntil = end
        if end <= now { return becomeDue(.gathered, since, at: end) }
        let pressing = deadline.map { $0 - service.estimate(keys: count) - Self.margin }
        if let pressing, pressing <= now { return becomeDue(.deadline, since, at: now) }
        let next = min(end, pressing ?? end)
        guard wakesAt.map({ next < $0 || $0 <= now }) ?? true else { return .wait }
        wakesAt = next
        return .wake(at: next)
    }

    /// Half the time of a query, in which another key should come at the least; else waiting is in vain.
    private mutating func endOfGathering(_ since: Instant, isFrugal: Bool, at now: Instant) -> Instant {
        let wait = isFrugal ? batchKey.window : min(batchKey.window, service.mean / 2)
        return arrivals.expected(within: wait, at: now) < 1 ? now : since + wait
    }

    /// Batch keys that are due already move forward at most.
    private mutating func becomeDue(_ reason: DispatchReason, _ since: Instant, at now: Instant) -> Decision {
        guard let round = roundQueues.first?.round, due.map({ round < $0.round }) ?? true else { return .wait }
        let new = Due(
            batchKey: batchKey, reason: due?.reason ?? reason, round: round,
            rank: since - batchKey.priority * Self.priorityStep, since: due?.since ?? now)
        due = new
        return .ready(new)
    }

    /// What a reply takes on its way beside the query.
    private static let margin = TimeSpan.milliseconds(1)
    /// The waiting that one step of priority is worth.
    private static let priorityStep = TimeSpan.milliseconds(10)

    // MARK: Out

    /// Answers whether nobody waits for the key any more, who did before.
    mutating func withdraw(_ key: Key, _ submission: SubmissionID) -> Bool {
        // Submissions grow: one from before the first waiter's waits for this key in a query that was sent.
        guard let slot = index[key], slots[slot].first.submission.number <= submission.number else {
            return false
        }
        slots[slot].waiting -= 1
        guard slots[slot].waiting == 0 else { return false }
        index[key] = nil
        vacate(slot) { _ in }
        resetIfEmpty()
        if entryCount > 2 * count + Self.maxFreeSlots { dropStaleEntries() }
        return true
    }

    private mutating func dropStaleEntries() {
        for number in roundQueues.indices {
            let round = roundQueues[number].round
            roundQueues[number].entries.removeAll { [slots] in
                slots[$0.slot].serial != $0.serial || slots[$0.slot].round != round
            }
        }
        roundQueues.removeAll { $0.entries.isEmpty }
        entryCount = roundQueues.reduce(0) { $0 + $1.entries.count }
    }

    /// Moves the keys whose turn it is into a batch, as many as one query takes.
    mutating func move(into batch: inout Batch, maxKeyBytes: Int) {
        due = nil
        wakesAt = nil
        batch.reserve(min(count, batchKey.maxKeys))
        var bytes = 0
        while batch.keys.count < batchKey.maxKeys, let slot = firstSlot() {
            let key = slots[slot].key
            bytes += key.byteCount
            guard batch.keys.isEmpty || bytes <= maxKeyBytes else { break }
            batch.add(slots[slot].first)
            vacate(slot) { batch.add($0) }
            batch.close(key)
        }
        // Or a batch key that is never empty would go before all others for ever.
        if let front = firstSlot() { since = slots[front].since }
        gathersUntil = nil
        for key in batch.keys { index[key] = nil }
        resetIfEmpty()
    }

    private mutating func vacate(_ slot: Int, joined: (Waiter) -> Void) {
        var next = slots[slot].more
        while let link = next {
            joined(links[link].waiter)
            next = links[link].next
            freeLinks.append(link)
        }
        slots[slot].serial &+= 1
        freeSlots.append(slot)
    }

    /// The slot at the front; entries that are out of date are dropped.
    private mutating func firstSlot() -> Int? {
        while !roundQueues.isEmpty {
            let round = roundQueues[0].round
            while let entry = roundQueues[0].entries.first {
                let isCurrent = slots[entry.slot].serial == entry.serial && slots[entry.slot].round == round
                if isCurrent { return entry.slot }
                roundQueues[0].entries.removeFirst()
                entryCount -= 1
            }
            roundQueues.removeFirst()
        }
        return nil
    }

    private mutating func resetIfEmpty() {
        guard index.isEmpty else { return }
        since = nil
        deadline = nil
        gathersUntil = nil
        wakesAt = nil
        due = nil
        roundQueues.removeAll(keepingCapacity: true)
        entryCount = 0
        // After a great crowd of keys.
        if max(slots.count, links.count) > Self.maxFreeSlots {
            (slots, freeSlots, links, freeLinks, roundQueues) = ([], [], [], [], [])
        }
        index.shrink()
    }

    private static let maxFreeSlots = 4096
}
