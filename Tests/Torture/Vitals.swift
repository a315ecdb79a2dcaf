import Foundation
import LineClient
import PrivateServer
import Synchronization
import TestSupport

/// How the daemon's process is, looked at four times a second.
final class Vitals: Sendable {
    /// From one start of the daemon to its end.
    struct Life {
        let processID: Int32
        /// When it was looked at, and its memory then.
        var memory: [(time: ContinuousClock.Instant, kilobytes: Int)] = []
        var mostFiles = 0
        /// That the daemon has counted in all, and those that were not spoilt on their way.
        var countedStrayRows = 0
        var strayRows = 0
        /// The longest turn but for one in a hundred, in microseconds, as of the last look.
        var longTurn = 0
        var longestTurn = 0
        /// Of those that no stop of the process made longer, the one that stands out most from what the loop waited for a
        /// processor between the two looks that it came between.
        var longestFreeTurn = 0
        var waitedAtLongest = 0
        /// Nanoseconds for which its loop ran, and for which it could have run and had no processor.
        var ran = 0
        var waited = 0

        var time: Duration {
            guard let first = memory.first, let last = memory.last else { return .zero }
            return last.time - first.time
        }

        var mostKilobytes: Int { memory.map(\.kilobytes).max() ?? 0 }

        /// How many times as long as on a machine of its own its turns are.
        var slowness: Double { ran > 0 ? Double(ran + waited) / Double(ran) : 1 }

        /// KiB a minute, between the lowest points of its second and its last third: what is given back is no growth.
        var growth: Double {
            let third = memory.count / 3
            guard third > 0 else { return 0 }
            let parts = [memory[third..<2 * third], memory[(2 * third)...]].map {
                $0.map(\.kilobytes).min() ?? 0
            }
            return Double(parts[1] - parts[0]) / (time / 3 / .seconds(60))
        }
    }

    private let world: World
    private let seen = Mutex<[Life]>([])

    init(_ world: World) {
        self.world = world
    }

    var lives: [Life] { seen.withLock { $0 } }

    func watch() {
        var weather = world.weather.number
        while !world.isOver {
            Thread.sleep(forTimeInterval: 0.25)
            let now = world.weather.number
            // While it is down there is nothing to see.
            try? look(since: weather)
            weather = now
        }
    }

    /// - Parameter weather: when the last look began.
    private func look(since weather: Int) throws {
        let daemon = world.daemon
        let id = daemon.processID
        let stats = try JSONValue(daemon.client(patience: 5).ask(#"{"op":"stats"}"#))["stats"]
        func number(_ name: String) -> Int { stats?[name]?.number.flatMap { Int($0) } ?? 0 }
        let (kilobytes, files) = (try daemon.residentKilobytes(), try daemon.openFiles())
        let schedule = try Self.schedule(id)
        let faults = world.weather.faults(from: weather, to: world.weather.number)
        let (isFree, areSpoilt) = (!faults.contains(where: \.isFreeze), faults.contains(where: \.spoilsRows))
        guard id == daemon.processID else { return }
        seen.withLock { lives in
            if lives.last?.processID != id { lives.append(Life(processID: id)) }
            var life = lives.removeLast()
            life.memory.append((.now, kilobytes))
            life.mostFiles = max(life.mostFiles, files)
            if !areSpoilt { life.strayRows += max(0, number("stray_rows") - life.countedStrayRows) }
            life.countedStrayRows = number("stray_rows")
            life.longTurn = number("turn_p99_us")
            if isFree, number("turn_max_us") > life.longestTurn {
                let waited = (schedule.waited - life.waited) / 1000
                let known = life.longestFreeTurn - life.waitedAtLongest
                if life.longestFreeTurn == 0 || number("turn_max_us") - waited > known {
                    (life.longestFreeTurn, life.waitedAtLongest) = (number("turn_max_us"), waited)
                }
            }
            life.longestTurn = number("turn_max_us")
            (life.ran, life.waited) = schedule
            lives.append(life)
        }
    }

    // "103826565 177698509 373", of its first thread, which is the loop's: proc_pid_schedstat(5)
    private static func schedule(_ id: Int32) throws -> (ran: Int, waited: Int) {
        let text = try String(contentsOfFile: "/proc/\(id)/schedstat", encoding: .utf8)
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        return numbers.count > 1 ? (numbers[0], numbers[1]) : (0, 0)
    }
}
