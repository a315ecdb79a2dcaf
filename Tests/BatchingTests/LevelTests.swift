import Batching
import Glibc
import HeapModule
import Relations
import TestSupport
import Testing

/// A database by its costs: each query takes a way there and back, and work that the queries in flight share.
private struct CostModel {
    var cores: Double
    /// Nanoseconds.
    var roundTrip: Double
    var perQuery: Double = 100_000
    var perKey: Double = 5_000

    func time(keys: Int, inFlight: Int) -> Int64 {
        Int64(roundTrip + (perQuery + perKey * Double(keys)) * max(1, Double(inFlight) / cores))
    }
}

/// Clients against such a database: some that ask for one key after another without a pause, and others that come as
/// they please.
private struct Crowd {
    struct End: Comparable {
        let time: Instant
        let number: Int
        let batch: Batch

        static func < (left: End, right: End) -> Bool {
            (left.time, left.number) < (right.time, right.number)
        }
        static func == (left: End, right: End) -> Bool { left.number == right.number }
    }

    var desk: Desk
    var now = Instant(nanoseconds: 0)
    var model: CostModel
    var random: SeededGenerator
    private var ends: Heap<End> = []
    private var lastSubmission: UInt64 = 0
    private var sent = 0
    /// The number of the last query, if nothing else was under way then.
    private var lastSentBesideNone: Int?
    private let batchKey = BatchKey(number: 1, maxKeys: 500, window: 1_000_000)
    /// The limit after every millisecond.
    private(set) var limits: [Int] = []
    private(set) var batchSizes: [Int] = []
    /// When queries ended that had the database for themselves.
    private(set) var endsAlone: [Instant] = []
    /// Nanoseconds that answers took.
    private(set) var waits: [Int64] = []
    /// Keys per second of those who come as they please.
    var arrivalRate = 0.0
    private var nextArrival: Instant?

    init(_ model: CostModel, maxInFlight: Int, seed: UInt64) {
        self.model = model
        random = SeededGenerator(seed: seed)
        desk = Desk(maxInFlight: maxInFlight)
    }

    private var patient: [UInt64: Instant] = [:]

    mutating func ask(isPatient: Bool = false) {
        lastSubmission += 1
        if isPatient { patient[lastSubmission] = now }
        desk.ask(
            lastSubmission, Int64(random.next() >> 1), of: batchKey, client: Int(lastSubmission % 64), at: now
        )
    }

    mutating func run(for nanoseconds: Int64) {
        let end = now + nanoseconds
        while now < end {
            while let batch = desk.batcher.take(at: now) {
                sent += 1
                lastSentBesideNone = desk.batcher.inFlight == 1 ? sent : nil
                batchSizes.append(batch.keys.count)
                // A tenth more or less, as on every machine.
                let noise = Int64.random(in: 90...110, using: &random)
                let time = model.time(keys: batch.keys.count, inFlight: desk.batcher.inFlight) * noise / 100
                ends.insert(End(time: now + time, number: sent, batch: batch))
            }
            let wake = desk.batcher.nextWake(after: now)
            let next = [wake, ends.min?.time, arrival(), end].compactMap { $0 }.min() ?? end
            while limits.count < next.nanoseconds / 1_000_000 { limits.append(desk.batcher.inFlightLimit) }
            now = max(now, next)
            if let time = nextArrival, time <= now {
                nextArrival = nil
                ask(isPatient: true)
            }
            while let first = ends.min, first.time <= now {
                ends.removeMin()
                if lastSentBesideNone == first.number { endsAlone.append(now) }
                desk.finish(first.batch, at: now)
                for waiter in first.batch.allWaiters { answer(waiter.submission.number) }
            }
        }
    }

    /// When the next of them comes: a Poisson process.
    private mutating func arrival() -> Instant? {
        guard arrivalRate > 0 else { return nil }
        if nextArrival == nil {
            let unit = Double.random(in: 0..<1, using: &random)
            nextArrival = now + Int64(-log(1 - unit) / arrivalRate * 1_000_000_000)
        }
        return nextArrival
    }

    private mutating func answer(_ submission: UInt64) {
        if let since = patient.removeValue(forKey: submission) { waits.append(now - since) } else { ask() }
    }
}

@Suite struct LevelTests {
    private let near = CostModel(cores: 2, roundTrip: 20_000)
    /// Over a slow network.
    private let far = CostModel(cores: 2, roundTrip: 5_000_000)

    private func level(_ competingQueries: Crowd) -> ClosedRange<Int> {
        let late = competingQueries.limits.suffix(500)
        return (late.min() ?? 0)...(late.max() ?? 0)
    }

    @Test(arguments: [UInt64(1), 2], [5_000.0, 20_000, 100_000])
    func `beside a local database of two cores few queries are in flight`(seed: UInt64, rate: Double) {
        var competingQueries = Crowd(near, maxInFlight: 16, seed: seed)
        competingQueries.arrivalRate = rate
        competingQueries.run(for: 1_000_000_000)
        #expect((1...5).contains(level(competingQueries).upperBound), "\(level(competingQueries))")
    }

    @Test(arguments: [UInt64(1), 2], [5_000.0, 20_000, 50_000])
    func `five milliseconds away, nobody waits much longer than those`(seed: UInt64, rate: Double) {
        var competingQueries = Crowd(far, maxInFlight: 16, seed: seed)
        competingQueries.arrivalRate = rate
        competingQueries.run(for: 1_000_000_000)
        let late = competingQueries.waits.suffix(competingQueries.waits.count / 4).sorted()
        // The way, a window, and what the keys themselves cost; with two in flight half of all would wait 2.5 ms more.
        #expect(
            late[late.count / 2] < 7_000_000,
            "\(late[late.count / 2]) ns, \(level(competingQueries)) in flight")
        #expect(level(competingQueries).lowerBound >= 4, "\(level(competingQueries))")
    }

    @Test func `in work without a pause, a query has the database for itself now and then, and not often`() {
        var competingQueries = Crowd(far, maxInFlight: 16, seed: 6)
        competingQueries.arrivalRate = 20_000
        competingQueries.run(for: 1_000_000_000)
        let before = competingQueries.endsAlone.count
        competingQueries.run(for: 10_000_000_000)
        // Every two seconds.
        #expect(
            (3...10).contains(competingQueries.endsAlone.count - before),
            "\(competingQueries.endsAlone.dropFirst(before))")
    }

    @Test func `a database that comes nearer is not crowded for long, and the way back is found too`() {
        var competingQueries = Crowd(far, maxInFlight: 16, seed: 4)
        competingQueries.arrivalRate = 20_000
        competingQueries.run(for: 2_000_000_000)
        let before = level(competingQueries)
        competingQueries.model = near
        competingQueries.run(for: 2_000_000_000)
        #expect(
            competingQueries.waits.suffix(1000).max() ?? 0 < 3_000_000,
            "\(before) then \(level(competingQueries))")
        competingQueries.model = far
        competingQueries.run(for: 2_000_000_000)
        #expect(level(competingQueries).lowerBound >= 4, "\(level(competingQueries))")
    }

    @Test func `batches grow with the number of clients, within a second, and a lone one waits for nobody`() {
        var competingQueries = Crowd(near, maxInFlight: 4, seed: 5)
        competingQueries.ask()
        competingQueries.run(for: 1_000_000_000)
        #expect(competingQueries.batchSizes.suffix(100).allSatisfy { $0 == 1 })
        // 125 µs each, a tenth more or less.
        #expect(
            competingQueries.batchSizes.count > 7_000,
            "as many as there is time for, if nothing else is waited for")
        for _ in 0..<255 { competingQueries.ask() }
        let before = competingQueries.batchSizes.count
        competingQueries.run(for: 1_000_000_000)
        let settled = competingQueries.batchSizes[before...].suffix(50)
        #expect(settled.reduce(0, +) / settled.count >= 40)
    }
}
