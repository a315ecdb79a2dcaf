import Foundation
import Synchronization

/// What clients have seen, and what has been done to them.
final class Ledger: Sendable {
    struct Counts {
        var answers = 0
        var rows = 0
        /// Answers that were compared with what the database says to the same question.
        var selections = 0
        var errors: [String: Int] = [:]
        var hangUps = 0
        var slowest = Duration.zero
        var findings: [Finding] = []
    }

    /// What must not happen: of each kind how often it did, and the first time in detail.
    struct Finding {
        let kind: String
        let first: String
        var times = 1
    }

    struct FaultRecord {
        var times = 0
        var recoveries: [Duration] = []
        /// That loads met which did not ask for them, by code.
        var errors: [String: Int] = [:]
    }

    private let counts = Mutex(Counts())
    private let faults = Mutex<[String: FaultRecord]>([:])

    func answered(rows: Int, isSelection: Bool, after time: Duration) {
        counts.withLock {
            $0.answers += 1
            $0.rows += rows
            if isSelection { $0.selections += 1 }
            $0.slowest = max($0.slowest, time)
        }
    }

    func refused(_ code: String) {
        counts.withLock { $0.errors[code, default: 0] += 1 }
    }

    func suffered(_ code: String, from fault: String) {
        faults.withLock { $0[fault, default: FaultRecord()].errors[code, default: 0] += 1 }
    }

    func hungUp() {
        counts.withLock { $0.hangUps += 1 }
    }

    func found(_ kind: String, _ detail: String = "") {
        counts.withLock { counts in
            guard let place = counts.findings.firstIndex(where: { $0.kind == kind }) else {
                return counts.findings.append(Finding(kind: kind, first: String(detail.prefix(800))))
            }
            counts.findings[place].times += 1
        }
    }

    func recovered(from fault: String, after time: Duration) {
        faults.withLock { $0[fault, default: FaultRecord()].recoveries.append(time) }
    }

    func began(_ fault: String) {
        faults.withLock { $0[fault, default: FaultRecord()].times += 1 }
    }

    var summary: Counts { counts.withLock { $0 } }
    var faultRecords: [String: FaultRecord] { faults.withLock { $0 } }
}
