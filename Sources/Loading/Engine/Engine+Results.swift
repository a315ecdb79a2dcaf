import Batching
import Planning
import Relations
import Time

// What comes back from the database.

extension Engine {
    // MARK: What the runner reports

    /// A query that the runner was given has ended.
    package func finished(_ query: BatchQuery, _ outcome: BatchQuery.Outcome) {
        clock.refresh()
        running.removeAll { $0 === query }
        // A query that was cut short says nothing of the database's speed.
        batcher.finished(
            query.batch, countsAsMeasurement: outcome == .complete && !query.needsNoMoreRows, at: now)
        count(query)
        // Too many rows are too many, however the query has ended.
        switch query.intake {
        case .outOfMemory: fail(query.batch, context.fullMemory)
        case .mustSplit: split(query)
        case .satisfied: deliver(.rows(query), of: query.batch)
        case .collecting: finished(query, collecting: outcome)
        }
    }

    private func finished(_ query: BatchQuery, collecting outcome: BatchQuery.Outcome) {
        // It has ended because we had it stopped, and nobody waits for the news.
        if query.isKillRequested, !isAwaited(query) { return }
        switch outcome {
        case .complete:
            if !splitsInVain.isEmpty { splitsInVain[query.batch.batchKey.relationshipNumber] = nil }
            if !changedTables.isEmpty { changedTables.answered(query.template.relationship, at: now) }
            deliver(.rows(query), of: query.batch)
        case .failed(let failure): failed(query, failure)
        case .changedColumns:
            if failAsChanged(Self.otherTypes, of: query) { return }
            let name = query.template.relationship.name
            fail(query.batch, Failure(.databaseError, "the rows behind '\(name)' \(Self.otherTypes)"))
        }
    }

    private static let otherTypes =
        "have columns of other types than the database's schema says, which has been read again; "
        + "if it is a view, create it anew"

    /// There is no database any more: all loads that wait fail, until there is one again.
    package func databaseLost(_ failure: QueryFailure) {
        tasks.add(OutageBroadcast(failure, engine: self))
    }

    package func databaseReturned() { onEvent(.catalogOutdated) }

    // MARK: Delivery

    private func deliver(_ result: BatchDelivery.Result, of batch: Batch) {
        let delivery = BatchDelivery(result, of: batch, engine: self)
        let isShort = tasks.claim(rows: batch.allWaiters.count, bytes: 0)
        if !isShort || delivery.runSlice(rows: .max) { tasks.add(delivery) }
    }

    /// - Parameter keyIndex: the index in the batch of the key that `waiter` waits for.
    func deliver(_ result: BatchDelivery.Result, of keyIndex: Int, to waiter: Waiter) {
        guard let node = loads[waiter.submission] else { return }
        switch result {
        case .failure(let failure): fail(node.load, node.plan.path.failure(failure))
        case .rows(let query):
            guard let rows = query.rows(for: node.plan.projection) else { return }
            deliver(rows, of: keyIndex, to: node, at: waiter.position)
        }
    }

    private func deliver(_ rows: EncodedRows, of keyIndex: Int, to node: LoadNode, at position: Int) {
        guard node.deliver(rows, keyIndex: keyIndex, to: position) else { return }
        let load = node.load
        load.rowCount += rows.count(of: keyIndex)
        load.byteCount += rows.bytes(of: keyIndex)
        if load.rowCount > context.limits.maxRows {
            fail(load, tooManyRows(node.plan))
        } else if node.missing == 0 {
            expandIncludes(of: node, in: load)
        }
    }

    func fail(_ batch: Batch, _ failure: Failure) {
        deliver(.failure(failure), of: batch)
    }

    private func tooManyRows(_ plan: LoadPlan) -> Failure {
        plan.path.failure(
            .resultTooLarge,
            "the request has more rows than limits.request_rows = \(context.limits.maxRows); ask for fewer keys or set 'limit'"
        )
    }

    // MARK: Failed queries

    private func failed(_ query: BatchQuery, _ failure: QueryFailure) {
        switch failure.cause {
        case .connectionLost: lost(query, failure)
        case .noConnection: fail(query.batch, Self.unavailable(failure))
        case .refused(let scope): refused(query, failure, scope)
        }
    }

    private func refused(_ query: BatchQuery, _ failure: QueryFailure, _ scope: ErrorScope) {
        switch scope {
        case .missingName: if failAsChanged(failure.description, of: query) { return }
        case .accessDenied: onEvent(.catalogOutdated)
        case .keys where query.canSplit: return split(query)
        case .unknown where query.canSplit && mayBeKeys(query): return split(query)
        case .server, .table, .moment, .keys, .unknown: break
        }
        onEvent(.queryRefused(query, failure))
        fail(
            query.batch,
            Failure(
                .databaseError, failure.message, mysqlErrno: failure.errno,
                passesByItself: failure.passesByItself))
    }

    /// Has the catalog read again, because a query has met something that is not as the catalog has it. If
    /// that may help, its loads fail with an error that passes by itself.
    /// - Returns: whether they have failed. They have not if the catalog has been read again, has not
    ///   changed, and the same has come back.
    private func failAsChanged(_ message: String, of query: BatchQuery) -> Bool {
        onEvent(.catalogOutdated)
        let relationship = query.template.relationship
        guard changedTables.met(relationship, message, sent: query.batch.sentAt, at: now) else {
            return false
        }
        fail(query.batch, Self.changed(relationship))
        return true
    }

    /// Whether one of the keys may be to blame for an unknown error. As long as parts of batches bring rows,
    /// it is a key; once several parts in a row have not, it is none.
    private func mayBeKeys(_ query: BatchQuery) -> Bool {
        let relationship = query.batch.batchKey.relationshipNumber
        if query.batch.priorAttempts == 0 { splitsInVain[relationship] = nil }
        splitsInVain[relationship, default: 0] += 1
        return splitsInVain[relationship, default: 0] < Self.maxSplitsInVain
    }

    /// If bad keys are spread evenly over a batch, twice as many parts as there are bad keys fail before one
    /// has rows.
    private static let maxSplitsInVain = 64

    /// A connection may be ended at any moment, even as we send: a query that has brought no row yet is asked
    /// again. While there is no other connection it waits, until one is there or all attempts to make one
    /// have failed.
    private func lost(_ query: BatchQuery, _ failure: QueryFailure) {
        guard !query.hasRows, mayAskAgain(query.batch) else {
            return fail(query.batch, Self.unavailable(failure))
        }
        batcher.retry(query.batch)
    }

    /// An administrator who kills every connection, one after another, may hit the retried query too; but a
    /// query that was killed for being slow must not be retried for ever.
    private func mayAskAgain(_ batch: Batch) -> Bool {
        batch.priorAttempts == 0
            || batch.priorAttempts < Self.maxAttempts && now - batch.sentAt < Self.quickLoss
    }

    private static let maxAttempts = 4
    /// The time after sending within which the loss of a connection is not blamed on the query.
    private static let quickLoss = TimeSpan.milliseconds(100)

    /// Keys with very many rows are asked alone; otherwise it is not known which of the keys is to blame.
    private func split(_ query: BatchQuery) {
        counters.splits += 1
        onEvent(.querySplit(query))
        if query.hugeKeys.isEmpty {
            batcher.retryInHalves(query.batch)
        } else {
            batcher.retry(query.batch, alone: query.hugeKeys)
        }
    }

    private func count(_ query: BatchQuery) {
        counters.strayRows += query.strayRows
        for rows in query.rowCounts {
            counters.rows += rows
            query.template.counters.rows += rows
            if !query.template.isToMany, rows > 1 { counters.surplusRows += rows - 1 }
        }
        if query.strayRows > 0 { onEvent(.strayRows(query)) }
    }

    static func unavailable(_ failure: QueryFailure) -> Failure {
        Failure(.databaseUnavailable, "no connection to the database: \(failure.description)")
    }

    private static func changed(_ relationship: Relationship) -> Failure {
        Failure(
            .databaseUnavailable,
            "the tables behind '\(relationship.name)' have changed; the catalog is being read again, try again"
        )
    }
}
