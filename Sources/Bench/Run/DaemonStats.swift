import Foundation
import Time

/// The part of the reply to `{"op":"stats"}` that the bench needs.
struct DaemonStats: Decodable {
    private struct Reply: Decodable {
        let stats: DaemonStats
    }

    let queries: Int
    let keysSent: Int
    let sessions: Int
    let batchSizes: [String: Int]
    private let cpuMicroseconds: Int64?
    let residentBytes: Int?

    private enum CodingKeys: String, CodingKey {
        case queries, sessions
        case keysSent = "keys_sent"
        case batchSizes = "batch_sizes"
        case cpuMicroseconds = "cpu_us"
        case residentBytes = "resident_bytes"
    }

    /// - Parameter reply: `{"stats":{"requests":320,"queries":9,…}}`
    init(reply: String) throws {
        self = try JSONDecoder().decode(Reply.self, from: Data(reply.utf8)).stats
    }

    /// The CPU time that the daemon has used; nil from a daemon older than December 2026.
    var processorTime: TimeSpan? { cpuMicroseconds.map { .microseconds($0) } }

    /// Queries by their number of keys, which is rounded down to a power of two.
    var queriesBySize: [Int: Int] {
        Dictionary(
            uniqueKeysWithValues: batchSizes.compactMap { size, count in Int(size).map { ($0, count) } })
    }
}
