import Foundation

/// What `{"op":"stats"}` says, as far as the bench needs it.
struct DaemonStats: Decodable {
    private struct Reply: Decodable {
        let stats: DaemonStats
    }

    let queries: Int
    let keysSent: Int
    let sessions: Int
    let batchSizes: [String: Int]
    /// Microseconds of processor time that it has used. A daemon of before 2026-12 does not tell.
    let cpuMicroseconds: Int64?
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

    /// Queries by their number of keys: the least of each power of two.
    var queriesBySize: [Int: Int] {
        Dictionary(
            uniqueKeysWithValues: batchSizes.compactMap { size, count in Int(size).map { ($0, count) } })
    }
}
