import Batching
import Glibc
import HeapModule
import Relations
import TestSupport
import Testing
import Time

/// What queries cost a database: each takes a round trip, and work that the queries in flight share.
private struct DatabaseCosts {
    var cores: Double
    var roundTrip: TimeSpan
    var perQuery = TimeSpan.microseconds(100)
    var perKey = TimeSpan.microseconds(5)

    func time(keys: Int, inFlight: Int) -> TimeSpan {
        let work = Double((perQuery + keys * perKey).nanoseconds)
        return roundTrip + .nanoseconds(Int64(work * max(1, Double(inFlight) / cores)))
    }
}

/// Clients of such a database: some that ask for one key after another without a pause, and others that come
/// at random times and ask once.
private struct SimulatedLoad {
    struct End: Comparable {
        let time: Instant
        let number: Int
        let batch: Batch

        static func < (left: End, right: End) -> Bool {
            (left.time, left.number) < (right.time, right.number)
        }
        static func == (left: End, right: End) -> Bool { left.number == right.number }
    }

    var harness: BatcherHarness
    var now = Instant.zero
    var costs: DatabaseCosts
    var random: SeededGenerator
    private var ends: Heap<End> = []
    private var lastSubmission: UInt64 = 0
    private var sent = 0
    /// The number of the last query, if nothing else was under way then.
    private var lastSentBesideNone: Int?
    private let batchKey = BatchKey(number: 1, maxKeys: 500, window: .milliseconds(1))
    /// The limit after every millisecond.
    private(set) var limits: [Int] = []
    private(set) var batchSizes: [Int] = []
    /// When each of the queries ended that had the database for themselves.
    private(set) var endsAlone: [Instant] = []
    /// How long each answer took.
    private(set) var waits: [TimeSpan] = []
    /// Keys per second of the clients that come at random times.
    var arrivalRate = 0.0
    private var nextArrival: Instant?

    init(_ costs: DatabaseCosts, maxInFlight: Int, seed: UInt64) {
        self.costs = costs
        random = SeededGenerator(seed: seed)
        harness = BatcherHarness(maxInFlight: maxInFlight)
    }

    /// When clients that ask once have asked, by submission.
    private var asked: [UInt64: Instant] = [:]

    mutating func ask(isOnlyOne: Bool = false) {
        lastSubmission += 1
        if isOnlyOne { asked[lastSubmission] = now }
        harness.ask(
            lastSubmission, Int64(random.next() >> 1), of: batchKey, client: Int(lastSubmission % 64), at: now
        )
    }

    mutating func run(for span: TimeSpan) {
        let end = now + span
        while now < end {
            while let batch = harness.batcher.nextBatch(at: now) {
                sent += 1
                lastSentBesideNone = harness.batcher.inFlight == 1 ? sent : nil
                batchSizes.append(batch.keys.count)
                // A tenth more or less, as on every machine.
                let noise = Int.random(in: 90...110, using: &random)
                let time =
                    costs.time(keys: batch.keys.count, inFlight: harness.batcher.inFlight) * noise / 100
                ends.insert(End(time: now + time, number: sent, batch: batch))
            }
            let wake = harness.batcher.nextWake(after: now)
            let next = [wake, ends.min?.time, arrival(), end].compactMap { $0 }.min() ?? end
            while limits.count < next.nanoseconds / 1_000_000 { limits.append(harness.batcher.inFlightLimit) }
            now = max(now, next)
            if let time = nextArrival, time <= now {
                nextArrival = nil
                ask(isOnlyOne: true)
            }
            while let first = ends.min, first.time <= now {
                ends.removeMin()
                if lastSentBesideNone == first.number { endsAlone.append(now) }
                harness.finish(first.batch, at: now)
                for waiter in first.batch.allWaiters { answer(waiter.submission.number) }
            }
        }
    }

    /// When the next client comes: a Poisson process.
    private mutating func arrival() -> Instant? {
        guard arrivalRate > 0 else { return nil }
        if nextArrival == nil {
            let unit = Double.random(in: 0..<1, using: &random)
            nextArrival = now + .nanoseconds(Int64(-log(1 - unit) / arrivalRate * 1_000_000_000))
        }
        return nextArrival
    }

    private mutating func answer(_ submission: UInt64) {
        if let since = asked.removeValue(forKey: submission) { waits.append(now - since) } else { ask() }
    }
}

@Suite struct ConcurrencyLimitTests {
    private let near = DatabaseCosts(cores: 2, roundTrip: .microseconds(20))
    /// Over a slow network.
    private let far = DatabaseCosts(cores: 2, roundTrip: .milliseconds(5))

    private func lateLimits(_ load: SimulatedLoad) -> ClosedRange<Int> {
        let late = load.limits.suffix(500)
        return (late.min() ?? 0)...(late.max() ?? 0)
    }

    @Test(arguments: [UInt64(1), 2], [5_000.0, 20_000, 100_000])
    func `beside a local database of two cores few queries are in flight`(seed: UInt64, rate: Double) {
        var load = SimulatedLoad(near, maxInFlight: 16, seed: seed)
        load.arrivalRate = rate
        load.run(for: .seconds(1))
        #expect((1...5).contains(lateLimits(load).upperBound), "\(lateLimits(load))")
    }

    @Test(arguments: [UInt64(1), 2], [5_000.0, 20_000, 50_000])
    func `with a database five milliseconds away, keys wait little longer than that`(
        seed: UInt64, rate: Double
    ) {
        var load = SimulatedLoad(far, maxInFlight: 16, seed: seed)
        load.arrivalRate = rate
        load.run(for: .seconds(1))
        let late = load.waits.suffix(load.waits.count / 4).sorted()
        // The round trip, a window, and what the keys themselves cost; with two in flight, half of the keys
        // would wait 2.5 ms more.
        #expect(
            late[late.count / 2] < .milliseconds(7),
            "\(late[late.count / 2]), \(lateLimits(load)) in flight")
        #expect(lateLimits(load).lowerBound >= 4, "\(lateLimits(load))")
    }

    @Test func `under constant load, a query has the database for itself now and then, but not often`() {
        var load = SimulatedLoad(far, maxInFlight: 16, seed: 6)
        load.arrivalRate = 20_000
        load.run(for: .seconds(1))
        let before = load.endsAlone.count
        load.run(for: .seconds(10))
        // Every two seconds.
        #expect(
            (3...10).contains(load.endsAlone.count - before),
            "\(load.endsAlone.dropFirst(before))")
    }

    @Test func `the limit follows a database that comes nearer and goes far away again`() {
        var load = SimulatedLoad(far, maxInFlight: 16, seed: 4)
        load.arrivalRate = 20_000
        load.run(for: .seconds(2))
        let before = lateLimits(load)
        load.costs = near
        load.run(for: .seconds(2))
        #expect(
            load.waits.suffix(1000).max() ?? .zero < .milliseconds(3),
            "\(before) then \(lateLimits(load))")
        load.costs = far
        load.run(for: .seconds(2))
        #expect(lateLimits(load).lowerBound >= 4, "\(lateLimits(load))")
    }

    @Test func `batches grow with the number of clients within a second, and a single client does not wait`()
    {
        var load = SimulatedLoad(near, maxInFlight: 4, seed: 5)
        load.ask()
        load.run(for: .seconds(1))
        #expect(load.batchSizes.suffix(100).allSatisfy { $0 == 1 })
        // 125 µs each, a tenth more or less.
        #expect(
            load.batchSizes.count > 7_000,
            "as many as there is time for, if nothing else is waited for")
        for _ in 0..<255 { load.ask() }
        let before = load.batchSizes.count
        load.run(for: .seconds(1))
        let settled = load.batchSizes[before...].suffix(50)
        #expect(settled.reduce(0, +) / settled.count >= 40)
    }
}
