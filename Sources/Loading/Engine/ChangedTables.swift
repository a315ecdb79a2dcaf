import Relations
import Time

/// What queries have met that is not as the catalog has it, such as a column that is not there, and whether
/// reading the catalog again has explained it.
///
/// Mostly the table has changed: the next catalog knows, and the load succeeds if it is sent again. But if
/// the catalog has been read again and has not changed, and the database says the same again, then sending
/// again is of no use: the server's own words say what is to be mended.
struct ChangedTables {
    private struct Finding: Hashable {
        let relationship: String
        /// What the server said.
        let message: String
    }

    private struct State {
        var relationship: Relationship
        /// When it was met first.
        let since: Instant
        /// When it was met last.
        var last: Instant
        /// When a catalog had been read that began after `since` and has the relationship as it was; nil as
        /// long as none has.
        var confirmed: Instant?
    }

    private var states: [Finding: State] = [:]

    /// How long the catalog may take to be read, tries that fail among them.
    private static let maxDoubt = TimeSpan.seconds(30)
    /// The time without the error after which an answer shows that it is over. Before, the answer may be to a
    /// load of other columns.
    private static let quiet = TimeSpan.seconds(60)
    /// The greatest number of findings; beyond it all are forgotten.
    private static let maxCount = 1024

    var isEmpty: Bool { states.isEmpty }

    /// Notes that a query of the relationship has failed.
    /// - Parameters:
    ///   - message: what the server said.
    ///   - sent: when the query was sent.
    /// - Returns: whether the same load may succeed when the catalog has been read again.
    mutating func met(_ relationship: Relationship, _ message: String, sent: Instant, at now: Instant) -> Bool
    {
        let finding = Finding(relationship: relationship.name, message: message)
        guard var state = states[finding], state.relationship == relationship else {
            if states.count >= Self.maxCount { states.removeAll() }
            states[finding] = State(relationship: relationship, since: now, last: now)
            return true
        }
        state.last = now
        states[finding] = state
        if let confirmed = state.confirmed { return sent < confirmed }
        return now - state.since <= Self.maxDoubt
    }

    /// Notes that a query of the relationship has brought its rows.
    mutating func answered(_ relationship: Relationship, at now: Instant) {
        states = states.filter {
            $0.key.relationship != relationship.name || now - $0.value.last <= Self.quiet
        }
    }

    /// Notes what a reading of the catalog has shown.
    /// - Parameter began: when the reading began.
    mutating func catalogRead(_ catalog: Catalog, began: Instant, at now: Instant) {
        guard !isEmpty else { return }
        let current = Dictionary(catalog.relationships.map { ($0.name, $0) }) { first, _ in first }
        states = states.filter { finding, state in
            guard let same = current[finding.relationship] else { return false }
            return same == state.relationship || same.viaParent == state.relationship
        }
        for (finding, state) in states where state.confirmed == nil && state.since <= began {
            states[finding]?.confirmed = now
        }
    }
}
