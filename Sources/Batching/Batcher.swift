import DequeModule
package import Relations

/// Decides which keys go to the database together, and when.
///
/// Keys of one shape gather until the first of these holds, and then wait for nothing but a free connection:
/// - no query of their shape is in flight (an idle daemon adds no delay);
/// - there are enough for a full batch;
/// - the oldest has waited for the window.
///
/// A batch is formed only when `take` is called, that is when a connection is free to carry it: until then
/// later requests join it. After that none does, so that a write committed before a request is always seen
/// by its answer.
package struct Batcher {
    package struct Limits: Sendable {
        /// Nanoseconds that a key waits for company at most.
        package var window: Int64
        /// Bytes of keys in one query, so that the statement stays far below `max_allowed_packet`.
        package var maxKeyBytes: Int

        package init(window: Int64, maxKeyBytes: Int) {
            self.window = window
            self.maxKeyBytes = maxKeyBytes
        }
    }

    package var limits: Limits
    private var gatherings: [Shape: Gathering] = [:]
    private var retries: Deque<Batch> = []
    /// Distinct keys that wait in `gatherings`.
    package private(set) var queuedKeys = 0

    package init(limits: Limits) {
        self.limits = limits
    }

    package mutating func submit(_ key: Key, of shape: Shape, for asker: Asker, at now: Instant) {
        if gatherings[shape, default: Gathering(shape: shape)].add(key, asker, at: now) { queuedKeys += 1 }
    }

    /// A ticket that will not wait any longer. What was already sent goes on, for the others or for nobody.
    package mutating func withdraw(_ ticket: TicketID, keys: some Sequence<Key>, of shape: Shape) {
        for key in keys where gatherings[shape]?.withdraw(key, ticket) ?? false { queuedKeys -= 1 }
        forgetIfIdle(shape)
    }

    /// The batch that a free connection carries now, or nil if no keys are due.
    package mutating func take(at now: Instant) -> Batch? {
        if let retry = retries.popFirst() {
            gatherings[retry.shape, default: Gathering(shape: retry.shape)].inFlight += 1
            return retry
        }
        guard let shape = mostUrgent(at: now),
            let entries = gatherings[shape]?.take(maxKeyBytes: limits.maxKeyBytes)
        else { return nil }
        gatherings[shape]?.inFlight += 1
        queuedKeys -= entries.count
        return Batch(shape: shape, entries: entries, attempts: 0)
    }

    /// Whether keys of the shape wait or are on their way.
    package func isInUse(_ shape: Shape) -> Bool {
        gatherings[shape] != nil || retries.contains { $0.shape == shape }
    }

    /// A batch that `take` gave out has been answered, by rows or by an error.
    package mutating func finished(_ batch: Batch) {
        gatherings[batch.shape]?.inFlight -= 1
        forgetIfIdle(batch.shape)
    }

    /// Asks each key of a failed batch again, alone. The failed batch must be reported `finished` as well.
    package mutating func retryAlone(_ batch: Batch) {
        for entry in batch.entries {
            retries.append(Batch(shape: batch.shape, entries: [entry], attempts: batch.attempts + 1))
        }
    }

    /// Asks a batch again as it is. It must be reported `finished` as well.
    package mutating func retry(_ batch: Batch) {
        retries.append(Batch(shape: batch.shape, entries: batch.entries, attempts: batch.attempts + 1))
    }

    /// Everything that waits, for the day on which it must all be answered with an error.
    package mutating func takeAll() -> [Batch] {
        var all = Array(retries)
        retries.removeAll()
        for shape in gatherings.keys {
            while let entries = gatherings[shape]?.take(maxKeyBytes: limits.maxKeyBytes), !entries.isEmpty {
                all.append(Batch(shape: shape, entries: entries, attempts: 0))
            }
            forgetIfIdle(shape)
        }
        queuedKeys = 0
        return all
    }

    /// When `take` must be asked again although nothing else happens; nil if only a free connection or the end
    /// of a query can change its answer.
    package func nextWake(after now: Instant) -> Instant? {
        gatherings.values.compactMap { gathering in
            isDue(gathering, at: now) ? nil : gathering.oldest.map { $0 + limits.window }
        }.min()
    }

    private func isDue(_ gathering: Gathering, at now: Instant) -> Bool {
        guard let oldest = gathering.oldest else { return false }
        return gathering.inFlight == 0 || gathering.isFull || oldest + limits.window <= now
    }

    private func mostUrgent(at now: Instant) -> Shape? {
        var best: (shape: Shape, since: Instant)?
        for gathering in gatherings.values where isDue(gathering, at: now) {
            guard let oldest = gathering.oldest else { continue }
            if let best, best.since <= oldest { continue }
            best = (gathering.shape, oldest)
        }
        return best?.shape
    }

    private mutating func forgetIfIdle(_ shape: Shape) {
        if gatherings[shape]?.isIdle ?? false { gatherings[shape] = nil }
    }
}
