import Batching
import Relations
import TestSupport
import Testing
import Time

func key(_ value: Int64) -> Key { .single(.integer(value)) }

/// A batcher and its clients, each known by a number and with its own fair share.
struct BatcherHarness {
    var batcher: Batcher
    private var shares: [Int: FairShare] = [:]

    init(maxKeyBytes: Int = 1 << 20, maxInFlight: Int = 8, isFrugal: Bool = false) {
        batcher = Batcher(
            limits: .init(maxKeyBytes: maxKeyBytes, maxInFlight: maxInFlight, isFrugal: isFrugal))
    }

    mutating func setWeight(_ weight: Int, ofClient client: Int) {
        shares[client] = FairShare(weight: weight)
    }

    /// Submits a request for these keys.
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

    /// The batch that is due; a failure of the test if none is. (`#require` takes no mutating call.)
    mutating func take(at now: Instant) throws -> Batch {
        let batch = batcher.nextBatch(at: now)
        return try #require(batch)
    }

    mutating func expectNothing(at now: Instant, sourceLocation: SourceLocation = #_sourceLocation) {
        let batch = batcher.nextBatch(at: now)
        #expect(batch == nil, "\(batch?.keys ?? [])", sourceLocation: sourceLocation)
    }

    /// Ends a query that brought its rows.
    mutating func finish(_ batch: Batch, at now: Instant) {
        batcher.finished(batch, countsAsMeasurement: true, at: now)
    }
}

extension Batch {
    func submissions(of index: Int) -> [UInt64] { waiters(of: index).map(\.submission.number) }
}
