import Glibc
import Histogram
import Reactor
import Time
import Wire

/// Runs trials one after another, all of them in every round, so that whatever disturbs the machine disturbs
/// all of them alike.
final class TrialRunner {
    private let loop: EventLoop
    private let timing: TrialTiming
    private let databaseClock: ProcessClock?
    /// Reads the daemon's counters, between slots.
    private let observer: () throws -> DaemonStats
    private let trials: [Trial]
    private var current = 0
    private var isIssuing = false
    private var isMeasuring = false
    private var round = Round()
    private var slotHistogram = Histogram<UInt64>(
        highestTrackableValue: Trial.maxMicroseconds, numberOfSignificantValueDigits: .three)
    private var startedAt = Instant.zero
    private var phaseAlarm: Alarm?
    private var arrivalAlarm: Alarm?
    private var failure: BenchError?
    private var nextArrival = Instant.zero
    private var random = SplitMix64(seed: 7)
    /// Called when a slot begins.
    var onProgress: (_ done: Int, _ of: Int, Trial) -> Void = { _, _, _ in }

    init(
        _ trials: [Trial], timing: TrialTiming, loop: EventLoop, database: ProcessClock?,
        observer: @escaping () throws -> DaemonStats
    ) {
        self.trials = trials
        self.timing = timing
        self.loop = loop
        databaseClock = database
        self.observer = observer
        phaseAlarm = Alarm(loop) { [unowned self] in endPhase() }
        arrivalAlarm = Alarm(loop) {}
        for trial in trials { trial.contender.onDone = { _ in } }
    }

    private var trial: Trial { trials[current % trials.count] }

    /// - Throws: Why the run ended early: a connection was lost.
    func run() throws {
        begin()
        loop.run { [unowned self] in finishTurn() }
        for trial in trials { trial.contender.onDone = { _ in } }
        if let failure { throw failure }
    }

    // MARK: Phases of a slot: warming up, measuring, draining

    private func begin() {
        onProgress(current, trials.count * timing.rounds, trial)
        trial.contender.onDone = { [unowned self] in finished($0) }
        isIssuing = true
        phaseAlarm?.set(at: loop.now + timing.warmUp)
        switch trial.pace {
        case .closed(let inFlight):
            for client in 0..<trial.clients {
                for _ in 0..<inFlight { trial.contender.issue(client: client, intended: loop.now) }
            }
        case .open: nextArrival = loop.now
        }
        loop.wake()
    }

    private func endPhase() {
        if isMeasuring { endMeasuring() } else { beginMeasuring() }
    }

    private func beginMeasuring() {
        round = Round()
        slotHistogram.reset()
        addCounters(atBegin: true)
        startedAt = loop.now
        isMeasuring = true
        phaseAlarm?.set(at: loop.now + timing.slot)
    }

    private func endMeasuring() {
        isMeasuring = false
        isIssuing = false
        arrivalAlarm?.clear()
        round.seconds = (loop.now - startedAt).seconds
        addCounters(atBegin: false)
        round.p50 = Double(slotHistogram.valueAtPercentile(50))
        round.p99 = Double(slotHistogram.valueAtPercentile(99))
        trial.rounds.append(round)
        loop.wake()
    }

    /// Subtracts what clocks and counters show when the measurement begins, and adds what they show at its
    /// end.
    private func addCounters(atBegin isBegin: Bool) {
        let sign = isBegin ? -1 : 1
        round.clientCPU += sign * OwnProcess.processorTime
        round.databaseCPU = Self.difference(round.databaseCPU, databaseClock?.time, isBegin)
        let stats = trial.isKindred ? try? observer() : nil
        round.daemonCPU = Self.difference(round.daemonCPU, stats?.processorTime, isBegin)
        guard let stats else { return }
        round.queries += sign * stats.queries
        round.keysSent += sign * stats.keysSent
        round.batchSizes.merge(stats.queriesBySize.mapValues { sign * $0 }, uniquingKeysWith: +)
    }

    /// Nil if the time is not known at the begin or at the end, or if the clock belongs to another process at
    /// the end.
    private static func difference(_ sum: TimeSpan?, _ time: TimeSpan?, _ isBegin: Bool) -> TimeSpan? {
        guard let time else { return nil }
        if isBegin { return -time }
        return sum.map { $0 + time }.flatMap { $0 >= .zero ? $0 : nil }
    }

    private func finishTurn() {
        if isIssuing { issueArrivals() }
        trial.contender.flush()
        guard !isIssuing, trial.contender.outstanding == 0 else { return }
        trial.contender.onDone = { _ in }
        current += 1
        if current == trials.count * timing.rounds { loop.stop() } else { begin() }
    }

    // MARK: Requests

    private func finished(_ completion: Completion) {
        if let error = completion.error, error.isConnectionLost {
            failure = failure ?? BenchError("\(trial.name): \(error.message)")
            return loop.stop()
        }
        if isMeasuring {
            // The answer may come in the same turn in which the request was sent.
            loop.refreshTime()
            let microseconds = UInt64(max(1, (loop.now - completion.intended).microseconds))
            slotHistogram.record(min(microseconds, Trial.maxMicroseconds))
            trial.histogram.record(min(microseconds, Trial.maxMicroseconds))
            if let error = completion.error {
                round.errors += 1
                round.firstError = round.firstError ?? error.message
            } else {
                round.loads += completion.loads
            }
        }
        if isIssuing, case .closed = trial.pace {
            trial.contender.issue(client: completion.client, intended: loop.now)
        }
    }

    private func issueArrivals() {
        guard case .open(let perSecond) = trial.pace else { return }
        while nextArrival <= loop.now {
            let client = Int(random.next() % UInt64(trial.clients))
            trial.contender.issue(client: client, intended: nextArrival)
            // Exponential gaps make a Poisson process.
            nextArrival += .seconds(-log(1 - random.unit()) / perSecond)
        }
        arrivalAlarm?.set(at: nextArrival)
    }
}
