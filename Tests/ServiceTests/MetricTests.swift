import Service
import TestSupport
import Testing

/// What the repository says of the numbers in `stats` is made from their records. `make docs` runs this suite
/// to write it.
@Suite struct MetricTests {
    @Test func `OPERATIONS explains every metric in the words of its record`() throws {
        let isEqual = try GeneratedSection("metrics", of: "docs/OPERATIONS.md").holds(Metric.table)
        #expect(isEqual, "run 'make docs', and commit what it writes")
    }

    @Test func `every metric has a name of its own, and says what it counts`() {
        let names = Metric.all.map { "\($0.name)" } + MetricGroup.all.map { "\($0.name)" }
        #expect(Set(names).count == names.count)
        for metric in Metric.all {
            #expect(!metric.help.isEmpty && !metric.help.hasSuffix("."), "\(metric.name)")
            if metric.unit == .microseconds { #expect("\(metric.name)".hasSuffix("_us")) }
        }
    }
}
