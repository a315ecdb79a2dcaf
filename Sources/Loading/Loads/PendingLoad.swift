import Batching
import Time
package import Wire

/// One load request between its line and its reply: the node of the request itself, and the nodes of what it
/// includes.
package final class PendingLoad {
    package enum Phase: Hashable, Sendable {
        /// It has just been read. Next: waiting; or finished, if it needs no query.
        case new
        /// Some of its answers are missing. Next: held, writing, abandoned, finished.
        case waiting
        /// All its answers are there, and the reply waits until the client has read others. Next: writing,
        /// abandoned, finished.
        case held
        /// Its reply is being written in slices. Next: abandoned, finished.
        case writing
        /// Its client is gone, and it is still to be taken out of the batches. Next: finished.
        case abandoned
        /// It has its reply, or needs none any more.
        case finished

        fileprivate func mayBecome(_ next: Phase) -> Bool {
            switch self {
            case .new: next == .waiting || next == .finished
            case .waiting: next != .new && next != .waiting
            case .held: next == .writing || next == .abandoned || next == .finished
            case .writing: next == .abandoned || next == .finished
            case .abandoned: next == .finished
            case .finished: false
            }
        }
    }

    package let queue: ReplyQueue
    package let requestID: RequestID?
    /// Whether the request had `keys`, and so gets `results`.
    let isList: Bool
    /// When the client gives up waiting, if it said so with `timeout_ms`.
    let deadline: Instant?
    package private(set) var phase = Phase.new
    /// The node of the request itself; nil while the load is being made.
    private(set) var root: LoadNode?
    /// The nodes of what it includes, parents before children.
    private(set) var included: [LoadNode] = []
    /// Rows that have come for all its nodes.
    var rowCount = 0
    /// Bytes of these rows as JSON.
    var byteCount = 0
    /// Bytes that count as memory in use: of the load's request, and of the keys of what it includes.
    var countedBytes = 0
    /// Keys of the load that count as on their way.
    package internal(set) var countedKeys = 0
    /// The load's index among those that its reply queue owes.
    var owedIndex = 0

    init(queue: ReplyQueue, requestID: RequestID?, isList: Bool, deadline: Instant?) {
        self.queue = queue
        self.deadline = deadline
        self.requestID = requestID
        self.isList = isList
    }

    /// All changes of the phase are made here.
    func move(to next: Phase) {
        assert(phase.mayBecome(next), "a load that is \(phase) cannot become \(next)")
        phase = next
    }

    /// Whether a reply is owed for it, or it is still to be taken out of the batches.
    package var isOnItsWay: Bool {
        switch phase {
        case .waiting, .held, .writing, .abandoned: true
        case .new, .finished: false
        }
    }

    /// Keys of all its nodes.
    var keyCount: Int { included.reduce(root?.keys.count ?? 0) { $0 + $1.keys.count } }

    func begin(_ node: LoadNode) { root = node }

    func include(_ node: LoadNode) { included.append(node) }
}
