import Batching
import Relations
import TestSupport
import Testing
import Time

private let window = TimeSpan.microseconds(1)

/// Checks what must hold whatever happens in which order, against a ledger of who waits for which key.
private struct Model {
    var batcher: Batcher
    var now = Instant.zero
    var waiting: [Waiter: (key: Key, batchKey: BatchKey, since: Instant)] = [:]
    var withdrawn: Set<SubmissionID> = []
    var inFlight: [Batch] = []
    var lastSubmission: UInt64 = 0
    var shares = [FairShare(), FairShare(), FairShare()]
    let batchKeys = [
        BatchKey(number: 1, maxKeys: 4, window: window), BatchKey(number: 2, maxKeys: 1, window: window),
        BatchKey(number: 3, maxKeys: 50, window: window, priority: 3),
    ]
    let maxInFlight: Int

    init(_ random: inout SeededGenerator) {
        maxInFlight = Int.random(in: 1...6, using: &random)
        batcher = Batcher(
            limits: .init(maxKeyBytes: 1 << 20, maxInFlight: maxInFlight, isFrugal: random.next() % 4 == 0))
    }

    mutating func step(_ random: inout SeededGenerator) throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5: submit(&random)
        case 5: now += .nanoseconds(Int.random(in: 0...1500, using: &random))
        case 6: withdraw(&random)
        case 7: finish(&random)
        default: try take()
        }
        #expect(
            batcher.queuedKeys == Set(waiting.values.map { [$0.batchKey.number, $0.key.hashValue] }).count)
        #expect(batcher.inFlight == inFlight.count)
        #expect((1...maxInFlight).contains(batcher.inFlightLimit))
    }

    private mutating func submit(_ random: inout SeededGenerator) {
        lastSubmission += 1
        let batchKey = batchKeys.randomElement(using: &random) ?? batchKeys[0]
        let submission = SubmissionID(lastSubmission)
        let keys = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            Bool.random(using: &random) ? key(Int64.random(in: 0..<20, using: &random)) : nil
        }
        let deadline =
            random.next() % 8 == 0 ? now + .nanoseconds(Int.random(in: 0...3000, using: &random)) : nil
        batcher.submit(
            keys, of: batchKey, for: submission, share: &shares[Int.random(in: 0..<3, using: &random)],
            deadline: deadline, at: now)
        for (position, key) in keys.enumerated() {
            if let key { waiting[Waiter(submission: submission, position: position)] = (key, batchKey, now) }
        }
    }

    private mutating func withdraw(_ random: inout SeededGenerator) {
        let submissions = Set(waiting.keys.map(\.submission)).sorted { $0.number < $1.number }
        guard let submission = submissions.randomElement(using: &random) else { return }
        let theirs = waiting.filter { $0.key.submission == submission }
        guard let batchKey = theirs.first?.value.batchKey else { return }
        batcher.withdraw(submission, keys: theirs.values.map(\.key), of: batchKey)
        for waiter in theirs.keys { waiting[waiter] = nil }
        withdrawn.insert(submission)
    }

    private mutating func finish(_ random: inout SeededGenerator) {
        guard let index = inFlight.indices.randomElement(using: &random) else { return }
        batcher.finished(
            inFlight.remove(at: index), countsAsMeasurement: Bool.random(using: &random), at: now)
    }

    /// - Returns: whether there was a batch to take.
    @discardableResult
    mutating func take() throws -> Bool {
        guard let batch = batcher.nextBatch(at: now) else {
            try expectNothingDue()
            return false
        }
        #expect(Set(batch.keys).count == batch.keys.count, "each key once")
        #expect((1...batch.batchKey.maxKeys).contains(batch.keys.count))
        for (index, key) in batch.keys.enumerated() {
            let waiters = batch.waiters(of: index).filter { !withdrawn.contains($0.submission) }
            #expect(!waiters.isEmpty, "nobody asked for this key")
            for waiter in waiters {
                let removed = waiting.removeValue(forKey: waiter)
                let wait = try #require(removed, "answered twice")
                #expect(wait.key == key && wait.batchKey == batch.batchKey)
            }
        }
        let left = waiting.values.filter { $0.batchKey == batch.batchKey }
        #expect(!left.contains { batch.keys.contains($0.key) }, "a waiter was left behind")
        inFlight.append(batch)
        #expect(inFlight.count <= maxInFlight)
        return true
    }

    /// While another query may be sent, no key waits that has waited for its window, that fills a batch, or
    /// that has no query of its batch key in flight.
    private mutating func expectNothingDue() throws {
        guard inFlight.count < batcher.inFlightLimit else { return }
        for batchKey in batchKeys {
            let waits = waiting.values.filter { $0.batchKey == batchKey }
            guard let oldest = waits.map(\.since).min() else { continue }
            #expect(
                inFlight.contains { $0.batchKey == batchKey } || batcher.limits.isFrugal,
                "keys must not wait where no query of their batch key is in flight")
            #expect(now < oldest + window, "the window is over")
            #expect(Set(waits.map(\.key)).count < batchKey.maxKeys, "a full batch must not wait")
            let wake = batcher.nextWake(after: now)
            #expect(try #require(wake, "nobody would be woken") <= oldest + window)
        }
    }

    /// Ends all queries until no keys are due.
    /// - Returns: how many waiters are left waiting for ever.
    mutating func drain() throws -> Int {
        while true {
            for batch in inFlight { batcher.finished(batch, countsAsMeasurement: true, at: now) }
            inFlight = []
            now += window
            if try !take() { return waiting.count }
        }
    }
}

@Suite struct BatcherModelTests {
    @Test(arguments: UInt64(0)..<400)
    func `in any order of events, every waiter is kept and answered once`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model = Model(&random)
        for _ in 0..<300 { try model.step(&random) }
        #expect(try model.drain() == 0, "somebody waits for ever")
    }
}
