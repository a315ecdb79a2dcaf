import Foundation
import TestSupport

/// The page that is printed at the end of a run.
struct Report {
    static let hostileClients = 4

    let rig: TortureRig
    let monitor: ResourceMonitor
    let seed: UInt64
    let verifyingClients: Int
    let time: Duration
    let before: Rest
    let after: Rest

    /// The resources that the daemon holds while no client asks for anything.
    struct Rest {
        let files: Int
        let kilobytes: Int
        let processorSeconds: Double
        let stats: JSONValue

        init(_ daemon: DaemonUnderTest) throws {
            files = try daemon.openFiles().count
            kilobytes = try daemon.residentKilobytes()
            processorSeconds = try daemon.processorSeconds()
            stats = try daemon.ask(#"{"op":"stats"}"#)["stats"] ?? .null
        }

        func number(_ name: String) -> Int { stats[name]?.number.flatMap { Int($0) } ?? -1 }
    }

    var isGood: Bool { rig.findings.summary.findings.isEmpty }

    func text() -> String {
        let seconds = time.components.seconds
        let findings = rig.findings.summary.findings
        var lines = [
            "kindred torture: \(seconds) s, \(verifyingClients) verifying clients, \(Self.hostileClients) hostile ones, seed \(seed)",
            "servers: \(rig.serverName)",
            "",
        ]
        lines += answerLines + resourceLines + [""] + faultLines + ["", "findings: \(findings.count)"]
        for finding in findings.prefix(12) {
            lines.append("- \(finding.kind) (\(finding.times) times), the first time: \(finding.first)")
        }
        return lines.joined(separator: "\n")
    }

    private var answerLines: [String] {
        let counts = rig.findings.summary
        let errors = counts.errors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return [
            line("answers", "\(counts.answers) with \(counts.rows) rows, each compared with the database's"),
            line("  of a selection", "\(counts.selections): where, columns, order, limit, offset or count"),
            line("  the slowest", show(counts.slowest)),
            line("errors, also those asked for", errors.joined(separator: ", ")),
            line("connections lost", "\(counts.lostConnections), each by an end of the daemon"),
        ]
    }

    /// Figures that have a bound are shown beside it: "49 of 256".
    private var resourceLines: [String] {
        let runs = monitor.runs
        func worst(_ judge: (ResourceMonitor.Run) -> Bounds.Figure?, per unit: Int = 1) -> String {
            let worst = runs.compactMap(judge).max { $0.share < $1.share }
            return worst.map { text($0, unit) } ?? "not judged: no daemon ran long enough"
        }
        let rest = text(Bounds.memoryAtRest(before, after), 1024)
        let (ran, waited) = (runs.map(\.ran).reduce(0, +), runs.map(\.waited).reduce(0, +))
        let frozen = (runs.map(\.longestTurn).max() ?? 0) / 1000
        let states = [
            "sessions", "waiting_requests", "queued_keys", "in_flight", "connections", "result_bytes",
        ]
        return [
            line("starts of the daemon", "\(runs.count)"),
            line("", "here \"3 of 8\" is 3 where more than 8 is a finding; the worst of all starts"),
            line(
                "memory, MiB",
                "\(worst(Bounds.memory, per: 1024)), idle before \(before.kilobytes / 1024), after \(rest)"),
            line("  growth in a minute", worst(Bounds.growth, per: 1024)),
            line(
                "descriptors",
                "\(worst(Bounds.files)), idle before \(before.files), after \(after.files) of \(before.files)"
            ),
            line("turns of the loop, ms", "99 in 100 within \(worst(Bounds.longTurn, per: 1000))"),
            line(
                "  the longest",
                "\(worst(Bounds.longestTurn, per: 1000)), or with all that stopped the daemon \(frozen)"),
            line(
                "  no processor was free for",
                "\(100 * waited / max(1, ran + waited)) % of its time, for which turns may be longer"),
            line("idle at the end", states.map { "\($0) \(after.number($0))" }.joined(separator: ", ")),
        ]
    }

    private func text(_ figure: Bounds.Figure, _ unit: Int) -> String {
        "\(figure.value / unit) of \(figure.bound / unit)"
    }

    private var faultLines: [String] {
        var lines = [
            "fault                                                    times  recovered after    errors of loads that met only it"
        ]
        lines.append("                                                                median, slowest")
        for (name, record) in rig.findings.faultRecords.sorted(by: { $0.key < $1.key }) {
            let sorted = record.recoveries.sorted()
            let shown =
                sorted.isEmpty
                ? "never" : "\(show(sorted[sorted.count / 2])), \(show(sorted[sorted.count - 1]))"
            let errors = record.errors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let start = "\(padded(name, 56)) \(padded("\(record.times)", 6)) \(padded(shown, 18)) "
            lines.append(start + errors.joined(separator: ", "))
        }
        return lines
    }

    private func line(_ what: String, _ figures: String) -> String { padded(what, 30) + figures }

    private func show(_ duration: Duration) -> String {
        duration.formatted(.units(allowed: [.seconds, .milliseconds], width: .narrow))
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
