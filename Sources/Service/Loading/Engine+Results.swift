import Batching
import Logging
import MariaDB
import Planning
import Relations

// What comes back from the database.

extension Engine {
    // MARK: What the pool reports

    func finished(_ query: BatchQuery, _ outcome: BatchQuery.Outcome) {
        time.refresh()
        running.removeAll { $0 === query }
        // A query that was cut short says nothing of the database's speed.
        var isMeasure = false
        if case .complete = outcome { isMeasure = !query.isOver }
        batcher.finished(query.batch, isMeasure: isMeasure, at: now)
        count(query)
        if query.lacksMemory { return fail(query.batch, fullMemory) }
        // What is known to be too much is so, however the query has ended.
        if query.mustSplit { return split(query) }
        if query.isOver { return tell(.rows(query), of: query.batch) }
        // Stopped by our own wish: no news.
        if query.isKilled, !isAwaited(query) { return }
        switch outcome {
        case .complete:
            if !splitsInVain.isEmpty { splitsInVain[query.batch.batchKey.relationship] = nil }
            tell(.rows(query), of: query.batch)
        case .failed(let error): failed(query, error)
        case .changedColumns:
            onSchemaChange()
            fail(query.batch, Self.changed(query.template.relationship))
        }
    }

    private func tell(_ news: BatchDelivery.News, of batch: Batch) {
        let task = BatchDelivery(news, of: batch)
        let isShort = tasks.allow(rows: batch.allWaiters.count, bytes: 0)
        if !isShort || task.tell(self, atMost: .max) { tasks.add(task) }
    }

    /// - Parameter place: of the waiter's key in the batch.
    func tell(_ waiter: Waiter, _ news: BatchDelivery.News, of place: Int) {
        guard let node = nodes[waiter.submission] else { return }
        switch news {
        case .failure(let failure): fail(node.load, node.plan.path.failure(failure))
        case .rows(let query):
            guard let encoded = query.encoded(for: node.plan.projection) else { return }
            deliver(encoded, place: place, to: node, at: waiter.position)
        }
    }

    private func deliver(_ encoded: EncodedRows, place: Int, to node: LoadNode, at position: Int) {
        node.deliver(encoded, place: place, to: position)
        let load = node.load
        load.rowCount += encoded.rows(of: place)
        load.byteCount += encoded.bytes(of: place)
        if load.rowCount > limits.maxRows {
            fail(load, tooManyRows(node.plan))
        } else if node.missing == 0 {
            expandIncludes(node, of: load)
        }
    }

    func fail(_ batch: Batch, _ failure: Failure) {
        tell(.failure(failure), of: batch)
    }

    private func tooManyRows(_ plan: LoadPlan) -> Failure {
        plan.path.failure(
            .resultTooLarge,
            "the request has more rows than limits.request_rows = \(limits.maxRows); ask for fewer keys or set 'limit'"
        )
    }

    private func failed(_ query: BatchQuery, _ error: DatabaseError) {
        // Of all that costs the connection, this is about the query.
        guard error.kind == .statement || error.isTooLong else { return lost(query, error) }
        if error.concernsSchema { onSchemaChange() }
        if error.isForgottenName { return fail(query.batch, Self.changed(query.template.relationship)) }
        if query.canSplit, maySplit(query, error) { return split(query) }
        warn(of: error, query)
        fail(
            query.batch,
            Failure(
                .databaseError, error.message, mysqlErrno: error.errno, passesByItself: error.passesByItself))
    }

    /// Whether one of the keys may be to blame. Of an error that nobody knows it is tried: as long as parts of batches
    /// bring rows, it is a key, and once several in a row have not, it is none.
    private func maySplit(_ query: BatchQuery, _ error: DatabaseError) -> Bool {
        switch error.scope {
        case .server, .table, .moment: return false
        case .keys: return true
        case .unknown:
            let relationship = query.batch.batchKey.relationship
            if query.batch.attempts == 0 { splitsInVain[relationship] = nil }
            splitsInVain[relationship, default: 0] += 1
            return splitsInVain[relationship, default: 0] < Self.mostSplitsInVain
        }
    }

    /// Of some bad keys that are spread evenly, twice as many parts fail before one has rows.
    private static let mostSplitsInVain = 64

    private func warn(of error: DatabaseError, _ query: BatchQuery) {
        guard let others = refusals[error.errno, default: LogThrottle()].admit(at: time.now) else { return }
        logger.warning(
            "the database refused a query",
            metadata: [
                "relationship": "\(query.template.relationship.name)", "error": "\(error)",
                "others_since_the_last_line": "\(others)",
            ])
    }

    /// A connection may be ended at any moment, even as we send: what has brought no row yet is asked once more. While
    /// there is no other connection it waits, until one is there or all attempts to have one have failed.
    private func lost(_ query: BatchQuery, _ error: DatabaseError) {
        guard error.kind == .connectionLost, !query.hasRows, mayAskAgain(query.batch) else {
            return fail(query.batch, Self.unavailable(error))
        }
        batcher.retry(query.batch)
    }

    /// Who ends all connections, one after another, may meet it again on its next one; but a query that somebody ends
    /// because it takes long is not to come back for ever.
    private func mayAskAgain(_ batch: Batch) -> Bool {
        batch.attempts == 0
            || batch.attempts < Self.mostAttempts && now - batch.sent < Self.sweep
    }

    private static let mostAttempts = 4
    /// Nanoseconds.
    private static let sweep: Int64 = 100_000_000

    /// Keys with very many rows are asked alone; else it is not known which of them is to blame.
    private func split(_ query: BatchQuery) {
        counters.splits += 1
        logger.queryDivided(query)
        if query.hugeKeys.isEmpty {
            batcher.retryInHalves(query.batch)
        } else {
            batcher.retry(query.batch, alone: query.hugeKeys)
        }
    }

    func databaseLost(_ error: DatabaseError) {
        isUndecided = true
        tasks.add(OutageBroadcast(error))
    }

    func databaseReturned() { onSchemaChange() }

    /// Ends everything that waits with this error.
    func failAll(_ failure: Failure) {
        let loads = nodes.all.filter { $0.parent == nil }.map(\.load)
        for load in loads { fail(load, failure) }
    }

    private func count(_ query: BatchQuery) {
        counters.strayRows += query.strayRows
        for rows in query.rowCounts {
            counters.rows += rows
            query.template.relationshipCounters.rows += rows
            if !query.template.isMany, rows > 1 { counters.surplusRows += rows - 1 }
        }
        guard query.strayRows > 0 else { return }
        logger.error(
            "rows came back that belong to no key asked for",
            metadata: [
                "relationship": "\(query.template.relationship.name)", "rows": "\(query.strayRows)",
            ])
    }

    static func unavailable(_ error: DatabaseError) -> Failure {
        Failure(.databaseUnavailable, "no connection to the database: \(error)")
    }

    private static func changed(_ relationship: Relationship) -> Failure {
        Failure(
            .databaseUnavailable,
            "the tables behind '\(relationship.name)' have changed; the catalog is being read again, try again"
        )
    }
}
