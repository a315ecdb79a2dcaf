import Batching
import Logging
import MariaDB
import Planning
import Relations

// What comes back from the database.

extension Engine {
    // MARK: What the pool reports

    func finished(_ job: Job, _ outcome: Job.Outcome) {
        time.refresh()
        running.removeAll { $0 === job }
        // A query that was cut short says nothing of the database's speed.
        var isMeasure = false
        if case .complete = outcome { isMeasure = !job.isOver }
        batcher.finished(job.batch, isMeasure: isMeasure, at: now)
        count(job)
        if job.lacksMemory { return fail(job.batch, fullMemory) }
        // What is known to be too much is so, however the query has ended.
        if job.mustSplit { return split(job) }
        if job.isOver { return tell(.rows(job), of: job.batch) }
        // Stopped by our own wish: no news.
        if job.isKilled, !isAwaited(job) { return }
        switch outcome {
        case .complete:
            if !splitsInVain.isEmpty { splitsInVain[job.batch.shape.relationship] = nil }
            tell(.rows(job), of: job.batch)
        case .failed(let error): failed(job, error)
        case .changedColumns:
            onSchemaChange()
            fail(job.batch, Self.changed(job.route.relationship))
        }
    }

    private func tell(_ news: NewsChore.News, of batch: Batch) {
        let chore = NewsChore(news, of: batch)
        let isShort = chores.allow(rows: batch.allAskers.count, bytes: 0)
        if !isShort || chore.tell(self, atMost: .max) { chores.add(chore) }
    }

    /// - Parameter place: of the asker's key in the batch.
    func tell(_ asker: Asker, _ news: NewsChore.News, of place: Int) {
        guard let ticket = tickets[asker.ticket] else { return }
        switch news {
        case .failure(let failure): fail(ticket.load, ticket.level.path.failure(failure))
        case .rows(let job):
            guard let harvest = job.harvest(for: ticket.level.projection) else { return }
            deliver(harvest, place: place, to: ticket, at: asker.position)
        }
    }

    private func deliver(_ harvest: Harvest, place: Int, to ticket: Ticket, at position: Int) {
        ticket.deliver(harvest, place: place, to: position)
        let load = ticket.load
        load.rowCount += harvest.rows(of: place)
        load.byteCount += harvest.bytes(of: place)
        if load.rowCount > limits.maxRows {
            fail(load, tooManyRows(ticket.level))
        } else if ticket.missing == 0 {
            grow(ticket, of: load)
        }
    }

    func fail(_ batch: Batch, _ failure: Failure) {
        tell(.failure(failure), of: batch)
    }

    private func tooManyRows(_ level: Level) -> Failure {
        level.path.failure(
            .resultTooLarge,
            "the request has more rows than limits.request_rows = \(limits.maxRows); ask for fewer keys or set 'limit'"
        )
    }

    private func failed(_ job: Job, _ error: DatabaseError) {
        // Of all that costs the connection, this is about the query.
        guard error.kind == .statement || error.isTooLong else { return lost(job, error) }
        if error.concernsSchema { onSchemaChange() }
        if error.isForgottenName { return fail(job.batch, Self.changed(job.route.relationship)) }
        if job.canSplit, maySplit(job, error) { return split(job) }
        warn(of: error, job)
        fail(
            job.batch,
            Failure(
                .databaseError, error.message, mysqlErrno: error.errno, passesByItself: error.passesByItself))
    }

    /// Whether one of the keys may be to blame. Of an error that nobody knows it is tried: as long as parts of batches
    /// bring rows, it is a key, and once several in a row have not, it is none.
    private func maySplit(_ job: Job, _ error: DatabaseError) -> Bool {
        switch error.scope {
        case .server, .table, .moment: return false
        case .keys: return true
        case .unknown:
            let relationship = job.batch.shape.relationship
            if job.batch.attempts == 0 { splitsInVain[relationship] = nil }
            splitsInVain[relationship, default: 0] += 1
            return splitsInVain[relationship, default: 0] < Self.mostSplitsInVain
        }
    }

    /// Of some bad keys that are spread evenly, twice as many parts fail before one has rows.
    private static let mostSplitsInVain = 64

    private func warn(of error: DatabaseError, _ job: Job) {
        guard let others = refusals[error.errno, default: LogThrottle()].admit(at: time.now) else { return }
        logger.warning(
            "the database refused a query",
            metadata: [
                "relationship": "\(job.route.relationship.name)", "error": "\(error)",
                "others_since_the_last_line": "\(others)",
            ])
    }

    /// A connection may be ended at any moment, even as we send: what has brought no row yet is asked once more. While
    /// there is no other connection it waits, until one is there or all attempts to have one have failed.
    private func lost(_ job: Job, _ error: DatabaseError) {
        guard error.kind == .connectionLost, !job.hasRows, mayAskAgain(job.batch) else {
            return fail(job.batch, Self.unavailable(error))
        }
        batcher.retry(job.batch)
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
    private func split(_ job: Job) {
        counters.splits += 1
        logger.queryDivided(job)
        if job.hugeKeys.isEmpty {
            batcher.retryInHalves(job.batch)
        } else {
            batcher.retry(job.batch, alone: job.hugeKeys)
        }
    }

    func databaseLost(_ error: DatabaseError) {
        isUndecided = true
        chores.add(OutageChore(error))
    }

    func databaseReturned() { onSchemaChange() }

    /// Ends everything that waits with this error.
    func failAll(_ failure: Failure) {
        let loads = tickets.all.filter { $0.parent == nil }.map(\.load)
        for load in loads { fail(load, failure) }
    }

    private func count(_ job: Job) {
        counters.strayRows += job.strayRows
        for rows in job.rowCounts {
            counters.rows += rows
            job.route.traffic.rows += rows
            if !job.route.isMany, rows > 1 { counters.surplusRows += rows - 1 }
        }
        guard job.strayRows > 0 else { return }
        logger.error(
            "rows came back that belong to no key asked for",
            metadata: [
                "relationship": "\(job.route.relationship.name)", "rows": "\(job.strayRows)",
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
