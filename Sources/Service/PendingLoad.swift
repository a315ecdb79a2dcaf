import Batching
import Wire

/// One load request on its way: the ticket of the request itself, and those of what it includes.
final class PendingLoad {
    let client: any Client
    let requestID: RequestID?
    /// Whether the request had `keys`, and so gets `results`.
    let isList: Bool
    /// When the client gives up waiting, where it said so.
    let deadline: Instant?
    /// The first is the request's own, and its number that of the load.
    private(set) var tickets: [Ticket] = []
    /// That have come for all its tickets.
    var rowCount = 0

    /// Whether it is among the loads that are on their way.
    var isWaiting = false
    /// Where the client that is owed the reply keeps it.
    var place = 0

    init(client: any Client, requestID: RequestID?, isList: Bool, deadline: Instant?) {
        self.client = client
        self.deadline = deadline
        self.requestID = requestID
        self.isList = isList
    }

    var root: Ticket { tickets[0] }

    func add(_ ticket: Ticket) {
        tickets.append(ticket)
    }
}
