package import Foundation
import Histogram

/// Everything that a run has measured; as JSON for machines (`kindred bench --json`), and as a page.
package struct Report: Encodable, Sendable {
    /// A process on the servers' side, whose CPU time may be unknown.
    enum ServerProcess: String, Encodable, Sendable {
        case daemon, database
    }

    /// Microseconds of CPU per load.
    struct Cost: Encodable, Sendable {
        let clients: Double?
        /// Nil without kindred, too.
        let daemon: Double?
        let database: Double?
        /// The sum of the three; nil if a part of it is not known.
        let all: Double?
        /// The processes that have a part in the loads, and whose CPU time is not known.
        let unknown: [ServerProcess]

        init(clients: Double?, daemon: Double?, database: Double?, unknown: [ServerProcess]) {
            self.clients = clients
            self.daemon = daemon
            self.database = database
            self.unknown = unknown
            all = unknown.isEmpty ? [clients, daemon, database].compactMap { $0 }.reduce(0, +) : nil
        }
    }

    struct Quantile: Encodable, Sendable {
        /// The part of the requests that took no longer, from 0 to 1.
        let part: Double
        let microseconds: Double
    }

    struct BatchSize: Encodable, Sendable {
        /// The least number of keys; the greatest is one less than twice as many.
        let least: Int
        let queries: Int
    }

    struct RoundRecord: Encodable, Sendable {
        let loadsPerSecond: Double
        let p50Microseconds: Double
        let p99Microseconds: Double
    }

    struct TrialRecord: Encodable, Sendable {
        let kind: ContenderKind
        let name: String
        let mix: String
        let clients: Int
        /// Requests that each client keeps in flight; nil for an open loop.
        let inFlight: Int?
        /// Requests per second that were to be sent; nil for a closed loop.
        let requestsPerSecond: Double?
        // Medians of the rounds.
        let loadsPerSecond: Double?
        let p50Microseconds: Double?
        let p99Microseconds: Double?
        let cpuMicrosecondsPerLoad: Cost
        let keysPerQuery: Double?
        // All rounds together.
        let errors: Int
        let firstError: String?
        let latency: [Quantile]
        let batchSizes: [BatchSize]
        let rounds: [RoundRecord]
    }

    struct Expectation: Encodable, Sendable {
        let name: String
        let measured: Double?
        /// `≥ 9`
        let bar: String
        let isReached: Bool?
    }

    struct RampStep: Encodable, Sendable {
        let clients: Int
        /// Seconds since the ramp began.
        let from: Double
        let to: Double
        /// Keys per query in the second half of the step.
        let settledKeysPerQuery: Double
        /// Seconds until batches were within a quarter of that size.
        let followedAfter: Double
        /// The standard deviation of keys per query in the second half of the step, divided by the mean.
        let variation: Double
    }

    struct RampSample: Encodable, Sendable {
        let seconds: Double
        let clients: Int
        let keysPerQuery: Double
        let loadsPerSecond: Double
    }

    struct RampRecord: Encodable, Sendable {
        let samples: [RampSample]
        let steps: [RampStep]
    }

    struct SectionRecord: Encodable, Sendable {
        let title: String
        let trials: [TrialRecord]
        let ramp: RampRecord?
        let expectations: [Expectation]
    }

    let kindred: String
    let database: String
    let cores: Int
    let date: Date
    let arguments: [String]
    private(set) var sections: [SectionRecord] = []

    /// - Parameters:
    ///   - kindred: The version of kindred.
    ///   - database: The version of the database server.
    ///   - arguments: The command line.
    package init(kindred: String, database: String, arguments: [String]) {
        self.kindred = kindred
        self.database = database
        self.arguments = arguments
        cores = ProcessInfo.processInfo.activeProcessorCount
        date = Date()
    }

    package mutating func add(_ section: Section) { sections.append(section.record) }

    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

extension Report.TrialRecord {
    init(_ trial: Trial) {
        let summary = Summary(trial: trial)
        kind = trial.kind
        name = trial.name
        mix = trial.mix
        clients = trial.clients
        switch trial.pace {
        case .closed(let count): (inFlight, requestsPerSecond) = (count, nil)
        case .open(let rate): (inFlight, requestsPerSecond) = (nil, rate)
        }
        loadsPerSecond = summary.perSecond
        p50Microseconds = summary.p50
        p99Microseconds = summary.p99
        cpuMicrosecondsPerLoad = Report.Cost(
            clients: summary.client, daemon: summary.daemon, database: summary.database,
            unknown: summary.unknownCPU)
        keysPerQuery = summary.keysPerQuery
        errors = summary.errors
        firstError = summary.firstError
        latency = Self.quantiles(trial)
        let sizes = trial.rounds.reduce(into: [:]) { $0.merge($1.batchSizes, uniquingKeysWith: +) }
        batchSizes = sizes.sorted { $0.key < $1.key }.filter { $0.value > 0 }
            .map { Report.BatchSize(least: $0.key, queries: $0.value) }
        rounds = trial.rounds.map {
            Report.RoundRecord(
                loadsPerSecond: $0.perSecond, p50Microseconds: $0.p50, p99Microseconds: $0.p99)
        }
    }

    /// 0, 0.01, 0.02, 0.05, …, 0.25, 0.44, …, 0.9, …, 0.99, …: eight for each nine, as far as there are measurements
    /// for it.
    private static func quantiles(_ trial: Trial) -> [Report.Quantile] {
        let count = Double(trial.histogram.totalCount)
        guard count > 0 else { return [] }
        let nines = (1...max(1, Int(8 * log10(count)))).map { 1 - pow(10, -Double($0) / 8) }
        return ([0, 0.01, 0.02, 0.05, 0.1, 0.17] + nines).map { part in
            Report.Quantile(
                part: part, microseconds: Double(trial.histogram.valueAtPercentile(part * 100)))
        }
    }
}
