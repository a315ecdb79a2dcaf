import Batching
import Relations
import Wire

/// One load request on its way: which keys it asked for, and the answers that have come so far.
final class Ticket {
    enum Answer {
        case waiting
        /// A `NULL` key: no relatives, no query.
        case none
        case rows(Harvest, place: Int)
        /// A key that cannot be used; the other keys of the request can.
        case unusable(Failure)
    }

    let id: TicketID
    let requestID: RequestID?
    let session: Session
    let route: Route
    /// Whether the request had `keys`, and so gets `results`.
    let isList: Bool
    /// By position; nil where no query is needed.
    let keys: [Key?]
    private(set) var answers: [Answer]
    private(set) var missing: Int

    init(
        id: TicketID, requestID: RequestID?, session: Session, route: Route, isList: Bool, keys: [Key?],
        answers: [Answer]
    ) {
        self.id = id
        self.requestID = requestID
        self.session = session
        self.route = route
        self.isList = isList
        self.keys = keys
        self.answers = answers
        missing = keys.reduce(0) { $1 == nil ? $0 : $0 + 1 }
    }

    var waitingKeys: some Sequence<Key> { keys.lazy.compactMap { $0 } }

    /// The rows of the key at `position`, which are answered once.
    func deliver(_ harvest: Harvest, place: Int, to position: Int) {
        guard case .waiting = answers[position] else { return }
        answers[position] = .rows(harvest, place: place)
        missing -= 1
    }

    /// The keys that cannot be used, by position.
    var failures: some Sequence<(index: Int, failure: Failure)> {
        answers.enumerated().lazy.compactMap { position, answer in
            if case .unusable(let failure) = answer { (index: position, failure: failure) } else { nil }
        }
    }

    var tooLarge: Bool {
        answers.contains { answer in
            if case .rows(let harvest, let place) = answer { harvest.isTooLarge(place) } else { false }
        }
    }
}
