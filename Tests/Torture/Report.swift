import Foundation
import TestSupport

/// One page.
struct Report {
    static let villains = 4

    let world: World
    let vitals: Vitals
    let seed: UInt64
    let customers: Int
    let time: Duration
    let before: Rest
    let after: Rest

    /// What the daemon holds when nobody asks.
    struct Rest {
        let files: Int
        let kilobytes: Int
        let processorSeconds: Double
        let stats: JSONValue

        init(_ daemon: DaemonUnderTest) throws {
            files = try daemon.openFiles()
            kilobytes = try daemon.residentKilobytes()
            processorSeconds = try daemon.processorSeconds()
            stats = try daemon.ask(#"{"op":"stats"}"#)["stats"] ?? .null
        }

        func number(_ name: String) -> Int { stats[name]?.number.flatMap { Int($0) } ?? -1 }
    }

    var isGood: Bool { world.ledger.summary.findingCount == 0 }

    func text() -> String {
        let counts = world.ledger.summary
        let errors = counts.errors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let vitals = vitals.record
        let turns = vitals.longTurns.sorted()
        var lines = [
            "kindred torture: \(time.components.seconds) s, \(customers) customers, \(Self.villains) villains, seed \(seed)",
            "",
            "answers, each compared with the database's   \(counts.answers) (\(counts.rows) rows), slowest \(show(counts.slowest))",
            "errors                                       \(errors.joined(separator: ", "))",
            "connections that the daemon's end took       \(counts.hangUps)",
            "memory, KiB                                  \(before.kilobytes) before, at most \(vitals.mostKilobytes), \(after.kilobytes) after",
            "descriptors                                  \(before.files) before, at most \(vitals.mostFiles), \(after.files) after",
            "turns of the loop, us                        p99 at most \(turns.last ?? 0), median of p99s \(turns.isEmpty ? 0 : turns[turns.count / 2]), longest \(vitals.longestTurn)",
            "at rest afterwards                           "
                + ["sessions", "waiting_requests", "queued_keys", "in_flight", "connections", "result_bytes"]
                .map { "\($0) \(after.number($0))" }.joined(separator: ", "),
            "",
            "fault                                        times  recovered after: median, slowest",
        ]
        for (name, record) in world.ledger.faultRecords.sorted(by: { $0.key < $1.key }) {
            let sorted = record.recoveries.sorted()
            let shown =
                sorted.isEmpty
                ? "never" : "\(show(sorted[sorted.count / 2])), \(show(sorted[sorted.count - 1]))"
            lines.append("\(padded(name, 44)) \(padded("\(record.times)", 6)) \(shown)")
        }
        lines += ["", "findings: \(counts.findingCount)"] + counts.findings.map { "- \($0)" }
        return lines.joined(separator: "\n")
    }

    private func show(_ duration: Duration) -> String {
        duration.formatted(.units(allowed: [.seconds, .milliseconds], width: .narrow))
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
