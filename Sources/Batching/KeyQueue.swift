import DequeModule
import Relations
import Time

/// The keys of one batch key that wait for a query, each once, in rounds of their waiters' fair shares.
struct KeyQueue {
    /// A distinct key and its waiters. Most keys have one waiter, which stands here; further ones are in a
    /// chain.
    private struct Slot {
        var key: Key
        var first: Waiter
        /// When the key was first asked for.
        var since: Instant
        var round: Int
        /// The number of waiters that have not been withdrawn.
        var waiting: Int
        /// The first link of the chain of further waiters.
        var more: Int?
        /// The last link of the chain.
        var last: Int?
        /// Counts the keys that have stood in this slot, so that stale entries of the rounds are recognised.
        var serial: UInt32

        /// Counts a further waiter, at the end of the chain.
        /// - Returns: the link that was the last before.
        mutating func append(link: Int) -> Int? {
            let before = last
            if before == nil { more = link }
            last = link
            waiting += 1
            return before
        }
    }

    private struct Link {
        var waiter: Waiter
        var next: Int?
    }

    /// A key's place in a round. It is stale if the key has left the slot, or has moved to an earlier round.
    private struct Entry {
        let slot: Int
        let serial: UInt32
    }

    /// The keys of one round of the clients' fair shares, in the order in which they came.
    private struct RoundQueue {
        let round: Int
        var entries: Deque<Entry>
    }

    let batchKey: BatchKey
    /// The number of queries of this batch key that were sent and are not yet complete.
    var inFlight = 0
    /// How long queries of this batch key take.
    var service = ServiceTime()
    /// How long they take when they have the database for themselves.
    var serviceAlone = ServiceTime()
    private var arrivals = ArrivalRate()
    /// When the key that has waited longest was first asked for, or some time before that.
    private(set) var waitingSince: Instant?
    /// The first deadline of the waiters, or some time before that.
    private var deadline: Instant?
    /// When the keys no longer wait for others to share their query; nil if that has not been decided.
    private var gathersUntil: Instant?
    /// When the keys must be looked at again even if nothing happens; a timer for any other time is stale.
    private(set) var wakesAt: Instant?
    /// The batch key's position among those that are due; nil if it is not.
    private(set) var due: DueEntry?
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    /// The index of each waiting key's slot.
    private var slotByKey = KeyMap()
    private var links: [Link] = []
    private var freeLinks: [Int] = []
    /// The rounds in ascending order. Stale entries are skipped.
    private var roundQueues: Deque<RoundQueue> = []
    /// The number of entries in all rounds.
    private var entryCount = 0

    init(batchKey: BatchKey) {
        self.batchKey = batchKey
    }

    /// The number of distinct keys that wait.
    var count: Int { slotByKey.count }

    var isIdle: Bool { slotByKey.isEmpty && inFlight == 0 }

    var isFull: Bool { count >= batchKey.maxKeys }

    // MARK: In

    /// Adds a waiter of a key.
    /// - Parameter round: the round of the client's fair share in which the key stands.
    /// - Returns: whether the key was not waiting before.
    mutating func add(_ key: Key, _ waiter: Waiter, round: Int, deadline: Instant?, at now: Instant) -> Bool {
        if let deadline { self.deadline = min(self.deadline ?? deadline, deadline) }
        if let known = slotByKey[key] {
            join(known, waiter, round: round)
            return false
        }
        if waitingSince == nil { waitingSince = now }
        arrivals.count(at: now)
        let slot = newSlot(key, waiter, round: round, at: now)
        slotByKey[key] = slot
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
        if let before = slots[slot].append(link: link) { links[before].next = link }
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
        // Mostly all wait in one round.
        let isLast = !roundQueues.isEmpty && roundQueues[roundQueues.count - 1].round == round
        let number = isLast ? roundQueues.count - 1 : firstQueue(notBefore: round)
        if number < roundQueues.count, roundQueues[number].round == round {
            roundQueues[number].entries.append(entry)
        } else {
            roundQueues.insert(RoundQueue(round: round, entries: [entry]), at: number)
        }
    }

    /// The index of the first queue of this round or a later one. It is searched for by halves, because a
    /// client's hundred thousand keys stand in more than a thousand rounds.
    private func firstQueue(notBefore round: Int) -> Int {
        var (low, high) = (0, roundQueues.count)
        while low < high {
            let middle = (low + high) / 2
            if roundQueues[middle].round < round { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The last round in which a key waits.
    var lastRound: Int? { roundQueues.last?.round }

    // MARK: When they are due

    enum Decision {
        /// What was decided before still holds.
        case unchanged
        case wake(at: Instant)
        case ready(DueEntry)
    }

    /// Decides whether the keys are due, or when they will be.
    mutating func decide(isFrugal: Bool, at now: Instant) -> Decision {
        guard let since = waitingSince else { return .unchanged }
        // Keys whose waiting has ended are due since then, even if nobody has looked at them.
        let dueAt = min(gathersUntil ?? now, now)
        if inFlight == 0, !isFrugal { return becomeDue(.idle, since, at: dueAt) }
        if isFull { return becomeDue(.full, since, at: dueAt) }
        let end = gathersUntil ?? endOfGathering(since, isFrugal: isFrugal, at: now)
        gathersUntil = end
        if end <= now { return becomeDue(.gathered, since, at: end) }
        let pressing = deadline.map { $0 - service.estimate(keys: count) - Self.margin }
        if let pressing, pressing <= now { return becomeDue(.deadline, since, at: now) }
        let next = min(end, pressing ?? end)
        guard wakesAt.map({ next < $0 || $0 <= now }) ?? true else { return .unchanged }
        wakesAt = next
        return .wake(at: next)
    }

    /// When waiting for other keys ends: after half the time of a query, or at once if not even one other key
    /// is likely to come in that time.
    private mutating func endOfGathering(_ since: Instant, isFrugal: Bool, at now: Instant) -> Instant {
        let wait = isFrugal ? batchKey.window : min(batchKey.window, service.mean / 2)
        return arrivals.expected(within: wait, at: now) < 1 ? now : since + wait
    }

    /// Makes the keys due. A batch key that is due already can only move forward.
    private mutating func becomeDue(_ reason: ReleaseReason, _ since: Instant, at now: Instant) -> Decision {
        guard let round = roundQueues.first?.round, due.map({ round < $0.round }) ?? true else {
            return .unchanged
        }
        let new = DueEntry(
            batchKey: batchKey, reason: due?.reason ?? reason, round: round,
            rank: since - batchKey.priority * Self.priorityStep, dueSince: due?.dueSince ?? now)
        due = new
        return .ready(new)
    }

    /// The time that a reply takes on its way, in addition to the query.
    private static let margin = TimeSpan.milliseconds(1)
    /// The waiting that one step of priority is worth.
    private static let priorityStep = TimeSpan.milliseconds(10)

    // MARK: Out

    /// Removes a waiter of a key.
    /// - Returns: whether it was the last one, so that the key no longer waits.
    mutating func withdraw(_ key: Key, _ submission: SubmissionID) -> Bool {
        // Submission numbers grow: one that is older than the first waiter's has this key in a query that was
        // sent.
        guard let slot = slotByKey[key], slots[slot].first.submission.number <= submission.number else {
            return false
        }
        slots[slot].waiting -= 1
        guard slots[slot].waiting == 0 else { return false }
        slotByKey[key] = nil
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

    /// Moves the keys whose turn it is into a batch, as many as one query can have.
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
            batch.addKey(key)
        }
        // Otherwise a batch key that is never empty would go before all others for ever.
        if let front = firstSlot() { waitingSince = slots[front].since }
        gathersUntil = nil
        slotByKey.remove(batch.keys)
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

    /// The slot of the first key; stale entries before it are dropped.
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
        guard slotByKey.isEmpty else { return }
        waitingSince = nil
        deadline = nil
        gathersUntil = nil
        wakesAt = nil
        due = nil
        roundQueues.removeAll(keepingCapacity: true)
        entryCount = 0
        // After very many keys their memory is given back.
        if max(slots.count, links.count) > Self.maxFreeSlots {
            (slots, freeSlots, links, freeLinks, roundQueues) = ([], [], [], [], [])
        }
        slotByKey.shrink()
    }

    /// The number of slots and links for which an empty queue keeps room.
    private static let maxFreeSlots = 4096
}
