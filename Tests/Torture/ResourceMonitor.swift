import Foundation
import LineClient
import PrivateServer
import Service
import Synchronization
import TestSupport

/// Samples the memory, the descriptors and the event loop's turns of the daemon's process, four times a
/// second.
final class ResourceMonitor: Sendable {
    /// One run of the daemon, from its start to its end.
    struct Run {
        let processID: Int32
        /// Each sample's time and resident memory.
        var memory: [(time: ContinuousClock.Instant, kilobytes: Int)] = []
        var maxFiles = 0
        /// What the daemon has counted of that which should stay 0, by the metric.
        var counted: [String: Int] = [:]
        /// The part of it that no fault on the network explains.
        var unexplained: [String: Int] = [:]
        /// The longest turn but for one in a hundred, in microseconds, as of the last sample.
        var longTurn = 0
        /// The longest turn of all, in microseconds.
        var longestTurn = 0
        /// Among the turns that were not lengthened by a stop of the process, the one that exceeds most what
        /// the loop waited for a processor between the two samples around it, in microseconds.
        var longestFreeTurn = 0
        /// What the loop waited for a processor between the two samples around `longestFreeTurn`, in
        /// microseconds.
        var waitedAtLongest = 0
        /// Nanoseconds for which the loop ran.
        var ran = 0
        /// Nanoseconds for which the loop could have run and had no processor.
        var waited = 0

        var time: Duration {
            guard let first = memory.first, let last = memory.last else { return .zero }
            return last.time - first.time
        }

        var maxKilobytes: Int { memory.map(\.kilobytes).max() ?? 0 }

        /// The factor by which waiting for a processor lengthens the turns.
        var slowness: Double { ran > 0 ? Double(ran + waited) / Double(ran) : 1 }

        /// The growth of memory in KiB a minute, measured between the lowest points of the second and of the
        /// last third of the run: memory that is given back is no growth.
        var growth: Double {
            let third = memory.count / 3
            guard third > 0 else { return 0 }
            let parts = [memory[third..<2 * third], memory[(2 * third)...]].map {
                $0.map(\.kilobytes).min() ?? 0
            }
            return Double(parts[1] - parts[0]) / (time / 3 / .seconds(60))
        }
    }

    private let rig: TortureRig
    private let samples = Mutex<[Run]>([])

    init(_ rig: TortureRig) {
        self.rig = rig
    }

    var runs: [Run] { samples.withLock { $0 } }

    func watch() {
        var number = rig.timeline.number
        while !rig.isOver {
            Thread.sleep(forTimeInterval: 0.25)
            let now = rig.timeline.number
            // While the daemon is down there is nothing to sample.
            try? sample(since: number)
            number = now
        }
    }

    /// - Parameter first: the timeline's number when the last sample began.
    private func sample(since first: Int) throws {
        let daemon = rig.daemon
        let id = daemon.processID
        let stats = try JSONValue(daemon.client(timeout: 5).ask(#"{"op":"stats"}"#))["stats"]
        func number(_ name: String) -> Int { stats?[name]?.number.flatMap { Int($0) } ?? 0 }
        let (kilobytes, files) = (try daemon.residentKilobytes(), try daemon.openFiles().count)
        let schedule = try Self.schedule(id)
        let faults = rig.timeline.faults(from: first, to: rig.timeline.number)
        let (isFree, areSpoilt) = (!faults.contains(where: \.isFreeze), faults.contains(where: \.spoilsRows))
        guard id == daemon.processID else { return }
        samples.withLock { runs in
            if runs.last?.processID != id { runs.append(Run(processID: id)) }
            var run = runs.removeLast()
            run.memory.append((.now, kilobytes))
            run.maxFiles = max(run.maxFiles, files)
            for name in Metric.names(.alwaysZero) {
                let new = number(name) - run.counted[name, default: 0]
                if !areSpoilt { run.unexplained[name, default: 0] += max(0, new) }
                run.counted[name] = number(name)
            }
            run.longTurn = number("turn_p99_us")
            if isFree, number("turn_max_us") > run.longestTurn {
                let waited = (schedule.waited - run.waited) / 1000
                let known = run.longestFreeTurn - run.waitedAtLongest
                if run.longestFreeTurn == 0 || number("turn_max_us") - waited > known {
                    (run.longestFreeTurn, run.waitedAtLongest) = (number("turn_max_us"), waited)
                }
            }
            run.longestTurn = number("turn_max_us")
            (run.ran, run.waited) = schedule
            runs.append(run)
        }
    }

    // "103826565 177698509 373": of the process's first thread, which is the loop's; see
    // proc_pid_schedstat(5).
    private static func schedule(_ id: Int32) throws -> (ran: Int, waited: Int) {
        let text = try String(contentsOfFile: "/proc/\(id)/schedstat", encoding: .utf8)
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        return numbers.count > 1 ? (numbers[0], numbers[1]) : (0, 0)
    }
}
