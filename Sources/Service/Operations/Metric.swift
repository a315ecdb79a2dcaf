import Loading
import Reactor
import Relations
import Time
import Wire

/// A number that the daemon tells about itself. What `stats` replies, what OPERATIONS.md explains and what
/// the tests expect are made from the one list ``all``.
package struct Metric: Sendable {
    package enum Kind: String, Sendable {
        /// It only grows, from 0 at the daemon's start.
        case counter
        case gauge
    }

    package enum Unit: String, Sendable {
        case bytes
        case microseconds = "µs"
    }

    /// What holds for it in a daemon without faults.
    package enum Expectation: Sendable {
        case alwaysZero
        /// It is 0 when no client waits for anything.
        case zeroAtRest
        /// It is 0 when no client is connected but the one that asks.
        case zeroWithoutClients
    }

    /// The member of `{"op":"stats"}`.
    package let name: StaticString
    package let kind: Kind
    package let unit: Unit?
    /// What is counted, as a part of a sentence.
    package let help: String
    /// What an operator concludes from it or does about it; may be empty.
    package let advice: String
    package let expectation: Expectation?
    /// Reads the value; nil where the system does not tell it.
    let read: @Sendable (Observation) -> Int?

    init(
        _ name: StaticString, _ kind: Kind, _ help: String, in unit: Unit? = nil, advice: String = "",
        expect expectation: Expectation? = nil, read: @escaping @Sendable (Observation) -> Int?
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.advice = advice
        self.expectation = expectation
        self.read = read
    }
}

/// Numbers or words of one kind, told apart by a label: an object in `{"op":"stats"}`.
package struct MetricGroup: Sendable {
    /// The member of `{"op":"stats"}`.
    package let name: StaticString
    /// `counters` or `states`.
    package let kind: String
    /// What the members' names are: `code`, `server`.
    package let label: String
    package let help: String
    package let advice: String
    let read: @Sendable (Observation) -> [(name: String, value: StatsReply.Value)]

    init(
        _ name: StaticString, _ kind: String, by label: String, _ help: String, advice: String = "",
        read: @escaping @Sendable (Observation) -> [(name: String, value: StatsReply.Value)]
    ) {
        self.name = name
        self.kind = kind
        self.label = label
        self.help = help
        self.advice = advice
        self.read = read
    }
}

/// The running daemon, as metrics look at it. On the loop's thread.
struct Observation {
    let engine: Engine
    let pool: ConnectionPool?
    let sessions: Int
    let turns: TurnHistogram

    var counters: Counters { engine.context.counters }

    // {"requests":320,…,"connections":4,"batch_sizes":{…},"by_relationship":{…}}
    var reply: StatsReply {
        StatsReply(
            numbers: Metric.all.compactMap { metric in metric.read(self).map { (metric.name, $0) } },
            groups: MetricGroup.all.map { .init($0.name, $0.read(self)) })
    }
}

extension Metric {
    /// The names of the metrics of which this is expected.
    package static func names(_ expectation: Expectation) -> [String] {
        all.filter { $0.expectation == expectation }.map { "\($0.name)" }
    }
}

// MARK: The documentation

extension Metric {
    /// The table of OPERATIONS.md.
    package static var table: String {
        let head = "| member | kind | meaning | what to do |\n| --- | --- | --- | --- |\n"
        let metrics = all.map { metric in
            let unit = metric.unit.map { ", \($0.rawValue)" } ?? ""
            return
                "| `\(metric.name)` | \(metric.kind.rawValue)\(unit) | \(metric.help) | \(metric.advice) |\n"
        }
        let groups = MetricGroup.all.map {
            "| `\($0.name)` | \($0.kind) by \($0.label) | \($0.help) | \($0.advice) |\n"
        }
        return head + (metrics + groups).joined().replacing("|  |\n", with: "| |\n")
    }
}
