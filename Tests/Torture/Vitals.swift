import Foundation
import PrivateServer
import Synchronization
import TestSupport

/// How the daemon's process is, looked at every second.
final class Vitals: Sendable {
    struct Record {
        var mostKilobytes = 0
        var mostFiles = 0
        /// Of the loop's turns, in microseconds, each second's; a new daemon begins anew.
        var longTurns: [Int] = []
        var longestTurn = 0
    }

    private let world: World
    private let seen = Mutex(Record())

    init(_ world: World) {
        self.world = world
    }

    var record: Record { seen.withLock { $0 } }

    func watch() {
        while !world.isOver {
            Thread.sleep(forTimeInterval: 1)
            let kilobytes = (try? world.daemon.residentKilobytes()) ?? 0
            let files = (try? world.daemon.openFiles()) ?? 0
            let (long, longest) = turns()
            seen.withLock {
                $0.mostKilobytes = max($0.mostKilobytes, kilobytes)
                $0.mostFiles = max($0.mostFiles, files)
                if let long { $0.longTurns.append(long) }
                $0.longestTurn = max($0.longestTurn, longest ?? 0)
            }
        }
    }

    private func turns() -> (p99: Int?, max: Int?) {
        guard let client = try? world.daemon.client(patience: 5),
            let line = try? client.ask(#"{"op":"stats"}"#), let stats = try? JSONValue(line)["stats"]
        else { return (nil, nil) }
        func number(_ name: String) -> Int? { stats[name]?.number.flatMap { Int($0) } }
        return (number("turn_p99_us"), number("turn_max_us"))
    }
}
