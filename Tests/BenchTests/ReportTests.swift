import Foundation
import Testing

@testable import Bench

/// What a report makes of its figures.
@Suite struct ReportTests {
    private func trial(
        _ kind: ContenderKind, _ name: String, inFlight: Int? = 1, perSecond: Double = 20_000,
        p50: Double = 4_000, clients: Double = 20, daemon: Double? = nil, database: Double? = 46.25,
        unknown: [Report.ServerProcess] = []
    ) -> Report.TrialRecord {
        Report.TrialRecord(
            kind: kind, name: name, mix: "by key", clients: 64, inFlight: inFlight,
            requestsPerSecond: inFlight == nil ? 500 : nil, loadsPerSecond: perSecond, p50Microseconds: p50,
            p99Microseconds: 8_000,
            cpuMicrosecondsPerLoad: Report.Cost(
                clients: clients, daemon: daemon, database: database, unknown: unknown),
            keysPerQuery: kind == .kindred ? 100 : nil, errors: 0, firstError: nil,
            latency: [Report.Quantile(part: 0.5, microseconds: p50)], batchSizes: [], rounds: [])
    }

    private var text: Report.TrialRecord { trial(.text, "direct, text") }
    private var kindred: Report.TrialRecord {
        trial(
            .kindred, "kindred, 8 in flight", inFlight: 8, perSecond: 100_000, p50: 12_000, clients: 1.25,
            daemon: 3, database: 4.5)
    }

    private func page(_ trials: [Report.TrialRecord]) -> String {
        var report = Report(kindred: "1", database: "2", arguments: [])
        report.add(Section("by key", trials))
        return report.html
    }

    @Test(arguments: [
        (44_271.4, 0, "44,271"), (1_234_567.0, 0, "1,234,567"), (999.5, 0, "1,000"), (0.0634, 3, "0.063"),
        (1234.56, 1, "1,234.6"), (-1234.5, 1, "-1,234.5"), (-0.01, 1, "0.0"), (0.0, 0, "0"),
    ])
    func `numbers have commas between thousands and a fixed number of decimals`(
        value: Double, decimals: Int, text: String
    ) {
        #expect(shown(value, decimals: decimals) == text)
    }

    @Test(arguments: [nil, Double.nan, .infinity])
    func `a value that is not there is a dash`(value: Double?) {
        #expect(shown(value, decimals: 1) == "–" && shown(value) == "–")
    }

    @Test func `the table and the bars show the same numbers, and the parts add up`() {
        let section = Section("by key", [kindred, text])
        #expect(section.record.trials.map(\.cpuMicrosecondsPerLoad.all) == [8.75, 66.25])
        let row = section.record.tables[0].rows[1]
        #expect(row == ["direct, text", "20,000", "4.0", "8.0", "20.0", "–", "46.3", "66.3", "–", "0"])
        let page = page([kindred, text])
        for number in ["66.3", "20,000", "8.8", "100,000"] {
            #expect(page.contains("<td>\(number)</td>") && page.contains(">\(number)</text>"), "\(number)")
        }
    }

    @Test func `a column has as many decimals as its smallest value needs`() {
        let trials = [trial(.text, "a", p50: 63), trial(.prepared, "b", p50: 12_345)]
        #expect(Section("", trials).record.tables[0].rows.map { $0[2] } == ["0.063", "12.345"])
    }

    @Test func `a CPU time that is not known leaves its sum out`() {
        let blind = trial(.text, "direct, text", database: nil, unknown: [.database])
        #expect(blind.cpuMicrosecondsPerLoad.all == nil)
        #expect(Section("", [blind]).record.tables[0].rows[0][6...7] == ["–", "–"])
        #expect(page([blind]).contains(">20 without database</text>"))
    }

    @Test func `sentences say who is better, by how much and in what, and why latencies differ`() {
        let single = trial(.kindred, "kindred, 1 in flight", perSecond: 10_000, p50: 3_000, daemon: 9)
        #expect(
            Findings([kindred, single, text]).sentences == [
                "kindred, 8 in flight, beside direct, text: loads/s × 5.0, p50 × 3.0, p99 × 1.0, "
                    + "database CPU ÷ 10, all CPU ÷ 7.6",
                "kindred, 1 in flight, beside direct, text: loads/s ÷ 2.0, p50 ÷ 1.3, p99 × 1.0, "
                    + "database CPU × 1.0, all CPU × 1.1",
                "Most loads per second: kindred, 8 in flight (100,000 loads/s); "
                    + "shortest p50: kindred, 1 in flight (3.00 ms); "
                    + "least CPU in all: kindred, 8 in flight (8.75 µs per load)",
                "kindred, 8 in flight, has 64 × 8 = 512 requests waiting at any time, direct, text 64: "
                    + "so each waits longer, though more are answered; "
                    + "compare latencies with kindred, 1 in flight",
            ])
    }

    /// In an open loop both answer as many as they are asked, and nothing is said of queues.
    @Test func `an open loop has no winner in loads per second`() {
        let sentences = Findings([
            trial(.kindred, "kindred", inFlight: nil), trial(.text, "direct, text", inFlight: nil),
        ]).sentences
        #expect(
            sentences.count == 2 && !sentences.contains { $0.contains("loads/s") || $0.contains("waiting") })
    }

    @Test func `a colour means one thing on the whole page`() {
        let single = trial(.kindred, "kindred, 1 in flight")
        let prepared = trial(.prepared, "direct, prepared")
        #expect(Colour.colours(of: [kindred, single, text]) == [.kindred(0), .kindred(1), .text])
        // Other trials beside them, or fewer, change nothing.
        #expect(Colour.colours(of: [single, text, prepared]) == [.kindred(1), .text, .prepared])
        #expect(Set(Colour.all.map(\.css)).count == Colour.all.count)
    }

    @Test func `the page explains the words that stand on it, and no others`() {
        let page = page([kindred, text])
        for word in ["load", "kindred, … in flight", "direct, text", "closed loop", "p50, p99"] {
            #expect(page.contains("<dt>\(word)</dt>"), "\(word)")
        }
        for word in ["direct, prepared", "ideal", "open loop"] {
            #expect(!page.contains("<dt>\(word)"), "\(word)")
        }
    }
}
