import Reactor
import Time

/// Lets clients become many and few again, each with one request in flight, and shows how batch sizes follow.
final class Ramp {
    /// The number of clients in each step.
    static let steps = [1, 4, 16, 64, 256, 64, 16, 4, 1]
    /// How long each step takes.
    private static let stepTime = TimeSpan.milliseconds(1600)
    /// The time between two samples.
    private static let sampleTime = TimeSpan.milliseconds(100)

    private let testbed: Testbed
    private let contender: KindredContender
    private var active = 0
    private var isAsking = [Bool](repeating: false, count: steps.max() ?? 0)
    private var loads = 0
    private var startedAt = Instant.zero
    private var last: (stats: DaemonStats, loads: Int, time: Instant)?
    private var samples: [Report.RampSample] = []
    private var alarm: Alarm?
    private var failure: (any Error)?
    private let progress: (String) -> Void

    init(_ mix: WorkloadMix, _ testbed: Testbed, progress: @escaping (String) -> Void) throws {
        self.testbed = testbed
        self.progress = progress
        contender = try KindredContender(
            mix, address: testbed.daemonAddress, clients: isAsking.count, keysPerRequest: 1,
            loop: testbed.loop)
    }

    func run() throws -> Report.RampRecord {
        contender.onDone = { [unowned self] in finished($0) }
        alarm = Alarm(testbed.loop) { [unowned self] in tick() }
        startedAt = testbed.loop.now
        tick()
        testbed.loop.run { [unowned self] in
            contender.flush()
            if active == 0, contender.outstanding == 0 { testbed.loop.stop() }
        }
        if let failure { throw failure }
        return Report.RampRecord(samples: samples, steps: analysis())
    }

    private func tick() {
        let now = testbed.loop.now
        do { try sample(now) } catch { failure = error }
        let step = Int((now - startedAt) / Self.stepTime)
        guard failure == nil, step < Self.steps.count else {
            active = 0
            return testbed.loop.wake()
        }
        if active != Self.steps[step] { progress("ramp: \(Self.steps[step]) clients") }
        active = Self.steps[step]
        for client in 0..<active where !isAsking[client] { ask(client) }
        alarm?.set(at: now + Self.sampleTime)
        testbed.loop.wake()
    }

    private func sample(_ now: Instant) throws {
        let stats = try testbed.stats()
        defer { last = (stats, loads, now) }
        guard let last else { return }
        let queries = stats.queries - last.stats.queries
        samples.append(
            Report.RampSample(
                seconds: (now - startedAt).seconds, clients: active,
                keysPerQuery: queries > 0
                    ? Double(stats.keysSent - last.stats.keysSent) / Double(queries) : 0,
                loadsPerSecond: Double(loads - last.loads) / (now - last.time).seconds))
    }

    private func ask(_ client: Int) {
        isAsking[client] = true
        contender.issue(client: client, intended: testbed.loop.now)
    }

    private func finished(_ completion: Completion) {
        isAsking[completion.client] = false
        loads += completion.loads
        if let error = completion.error { failure = BenchError("during the ramp: \(error.message)") }
        if failure != nil { return testbed.loop.stop() }
        if completion.client < active { ask(completion.client) }
    }

    // MARK: Results

    private func analysis() -> [Report.RampStep] {
        Self.steps.enumerated().compactMap { number, clients in
            let from = (number * Self.stepTime).seconds
            let to = ((number + 1) * Self.stepTime).seconds
            // A sample covers the time before it; the one in which a step begins covers two steps.
            let own = samples.filter { $0.seconds > from + 0.05 && $0.seconds <= to + 0.05 }
            let late = own.suffix(own.count / 2).map(\.keysPerQuery)
            guard let settled = median(late), settled > 0 else { return nil }
            let mean = late.reduce(0, +) / Double(late.count)
            let variance = late.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(late.count)
            let first = own.first { abs($0.keysPerQuery / settled - 1) <= 0.25 }
            return Report.RampStep(
                clients: clients, from: from, to: to, settledKeysPerQuery: settled,
                followedAfter: (first?.seconds ?? to) - from, variation: variance.squareRoot() / mean)
        }
    }
}
