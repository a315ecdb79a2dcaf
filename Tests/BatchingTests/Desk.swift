import Batching
import Relations
import TestSupport
import Testing

func key(_ value: Int64) -> Key { .single(.integer(value)) }

/// A batcher with clients that are known by number, for tests that do not care about shares.
struct Desk {
    var batcher: Batcher
    private var shares: [Int: FairShare] = [:]

    init(maxKeyBytes: Int = 1 << 20, maxInFlight: Int = 8, isFrugal: Bool = false) {
        batcher = Batcher(
            limits: .init(maxKeyBytes: maxKeyBytes, maxInFlight: maxInFlight, isFrugal: isFrugal))
    }

    mutating func weigh(client: Int, _ weight: Int) { shares[client] = FairShare(weight: weight) }

    /// One submission that asks for these keys.
    mutating func ask(
        _ submission: UInt64, _ keys: [Key], of batchKey: BatchKey, client: Int = 0, deadline: Instant? = nil,
        at now: Instant
    ) {
        var share = shares[client] ?? FairShare()
        batcher.submit(
            keys, of: batchKey, for: SubmissionID(submission), share: &share, deadline: deadline, at: now)
        shares[client] = share
    }

    mutating func ask(
        _ submission: UInt64, _ value: Int64, of batchKey: BatchKey, client: Int = 0, at now: Instant
    ) {
        ask(submission, [key(value)], of: batchKey, client: client, at: now)
    }

    /// `#require` takes no mutating call.
    mutating func take(at now: Instant) throws -> Batch {
        let batch = batcher.take(at: now)
        return try #require(batch)
    }

    mutating func expectNothing(at now: Instant, sourceLocation: SourceLocation = #_sourceLocation) {
        let batch = batcher.take(at: now)
        #expect(batch == nil, "\(batch?.keys ?? [])", sourceLocation: sourceLocation)
    }

    /// A query that brought its rows.
    mutating func finish(_ batch: Batch, at now: Instant) {
        batcher.finished(batch, isMeasure: true, at: now)
    }
}

extension Batch {
    func submissions(of place: Int) -> [UInt64] { waiters(of: place).map(\.submission.number) }
}
