import Foundation
import Synchronization

/// What clients have seen, and what has been done to them.
final class Ledger: Sendable {
    struct Counts {
        var answers = 0
        var rows = 0
        var errors: [String: Int] = [:]
        var hangUps = 0
        var slowest = Duration.zero
        var findings: [String] = []
        var findingCount = 0
    }

    struct FaultRecord {
        var times = 0
        var recoveries: [Duration] = []
    }

    private let counts = Mutex(Counts())
    private let faults = Mutex<[String: FaultRecord]>([:])
    /// Counts the changes between calm and trouble: even while all is calm.
    private let weather = Atomic(0)

    func answered(rows: Int, after time: Duration) {
        counts.withLock {
            $0.answers += 1
            $0.rows += rows
            $0.slowest = max($0.slowest, time)
        }
    }

    func refused(_ code: String) {
        counts.withLock { $0.errors[code, default: 0] += 1 }
    }

    func hungUp() {
        counts.withLock { $0.hangUps += 1 }
    }

    /// What must not happen.
    func found(_ text: String) {
        counts.withLock {
            $0.findingCount += 1
            if $0.findings.count < 20 { $0.findings.append(String(text.prefix(1000))) }
        }
    }

    func recovered(from fault: String, after time: Duration) {
        faults.withLock { $0[fault, default: FaultRecord()].recoveries.append(time) }
    }

    func began(_ fault: String) {
        faults.withLock { $0[fault, default: FaultRecord()].times += 1 }
    }

    func turnWeather() {
        weather.add(1, ordering: .sequentiallyConsistent)
    }

    /// Whoever sees the same even number before and after has met no trouble in between.
    var weatherNumber: Int { weather.load(ordering: .sequentiallyConsistent) }

    var summary: Counts { counts.withLock { $0 } }
    var faultRecords: [String: FaultRecord] { faults.withLock { $0 } }
}
