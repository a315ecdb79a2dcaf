import Batching
import Wire

/// One load request on its way: the node of the request itself, and those of what it includes.
final class PendingLoad {
    let client: any Client
    let requestID: RequestID?
    /// Whether the request had `keys`, and so gets `results`.
    let isList: Bool
    /// When the client gives up waiting, where it said so.
    let deadline: Instant?
    /// The request's own; nil while it is being made.
    private(set) var root: LoadNode?
    /// Those of what it includes.
    private(set) var included: [LoadNode] = []
    /// That have come for all its nodes.
    var rowCount = 0
    /// Of them, as they stand in replies.
    var byteCount = 0

    /// Of its request and of what has been asked for since; counted as memory in use.
    var heldBytes = 0
    /// Whether it is among the loads that are on their way.
    var isWaiting = false
    /// Whether its answers are all there, and its client, who sets this, has too much to read before them.
    var isHeld = false
    /// Whether its keys count no more as on their way, because its answers are all there.
    var hasReleasedKeys = false
    /// Whether its client is gone, and it is only still to be forgotten.
    var isAbandoned = false
    /// Where the client that is owed the reply keeps it.
    var place = 0

    init(client: any Client, requestID: RequestID?, isList: Bool, deadline: Instant?) {
        self.client = client
        self.deadline = deadline
        self.requestID = requestID
        self.isList = isList
    }

    /// Of all its nodes.
    var keyCount: Int { included.reduce(root?.keys.count ?? 0) { $0 + $1.keys.count } }

    func begin(_ node: LoadNode) { root = node }

    func include(_ node: LoadNode) { included.append(node) }
}
