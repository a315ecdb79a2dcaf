import Foundation
import Synchronization

/// The record of a run: what clients were answered, which faults were injected, and everything that must not
/// happen.
final class Findings: Sendable {
    struct Counts {
        var answers = 0
        var rows = 0
        /// How many of the answers were to loads with options, such as filters and limits.
        var selections = 0
        var errors: [String: Int] = [:]
        var lostConnections = 0
        var slowest = Duration.zero
        var findings: [Finding] = []
    }

    /// Something that must not happen: how often it did, and the first time in detail.
    struct Finding {
        let kind: String
        let first: String
        var times = 1
    }

    struct FaultRecord {
        var times = 0
        var recoveries: [Duration] = []
        /// Errors of loads that met this fault only, by code; without errors that a load asked for itself.
        var errors: [String: Int] = [:]
    }

    private let counts = Mutex(Counts())
    private let faults = Mutex<[String: FaultRecord]>([:])

    func recordAnswer(rows: Int, isSelection: Bool, after time: Duration) {
        counts.withLock {
            $0.answers += 1
            $0.rows += rows
            if isSelection { $0.selections += 1 }
            $0.slowest = max($0.slowest, time)
        }
    }

    func recordError(_ code: String) {
        counts.withLock { $0.errors[code, default: 0] += 1 }
    }

    func recordError(_ code: String, from fault: String) {
        faults.withLock { $0[fault, default: FaultRecord()].errors[code, default: 0] += 1 }
    }

    func recordLostConnection() {
        counts.withLock { $0.lostConnections += 1 }
    }

    func record(_ kind: String, _ detail: String = "") {
        counts.withLock { counts in
            guard let place = counts.findings.firstIndex(where: { $0.kind == kind }) else {
                return counts.findings.append(Finding(kind: kind, first: String(detail.prefix(800))))
            }
            counts.findings[place].times += 1
        }
    }

    func recordRecovery(from fault: String, after time: Duration) {
        faults.withLock { $0[fault, default: FaultRecord()].recoveries.append(time) }
    }

    func recordFault(_ fault: String) {
        faults.withLock { $0[fault, default: FaultRecord()].times += 1 }
    }

    var summary: Counts { counts.withLock { $0 } }
    var faultRecords: [String: FaultRecord] { faults.withLock { $0 } }
}
