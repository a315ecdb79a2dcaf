import Foundation
import Synchronization

/// What a meddler's connections are to do, and what they have done.
final class MeddlerOrders: Sendable {
    struct Order {
        let number: Int
        let moment: Meddler.Moment
        let deed: Meddler.Deed
        var times: Int
    }

    private let standing = Mutex<Order?>(nil)
    private let connections = Mutex<[MeddledConnection]>([])
    private let given = Atomic(0)
    let deeds = Atomic(0)
    /// Signalled when the order that stood is taken back.
    private let isOver = NSCondition()

    func give(_ deed: Meddler.Deed, at moment: Meddler.Moment, times: Int) {
        let number = given.add(1, ordering: .sequentiallyConsistent).newValue
        standing.withLock { $0 = Order(number: number, moment: moment, deed: deed, times: times) }
    }

    func takeBack() {
        standing.withLock { $0 = nil }
        isOver.lock()
        given.add(1, ordering: .sequentiallyConsistent)
        isOver.broadcast()
        isOver.unlock()
    }

    /// The order that stands, if it is for one of these moments.
    func take(_ isMeant: (Meddler.Moment) -> Bool) -> Order? {
        standing.withLock { order in
            guard let current = order, current.times > 0, isMeant(current.moment) else { return nil }
            // Carried out where queries come from, not where answers do.
            if case .refuse = current.deed { return nil }
            order?.times -= 1
            return current
        }
    }

    /// The number of the error that a query is to get in place of an answer.
    func takeRefusal() -> UInt16? {
        standing.withLock { order in
            guard let current = order, current.times > 0, case .refuse(let errno) = current.deed else {
                return nil
            }
            order?.times -= 1
            return errno
        }
    }

    /// Of the order that stands; 0 if there is none.
    var currentNumber: Int { standing.withLock { $0?.number ?? 0 } }

    /// Returns when everything passes again.
    func waitUntilTakenBack(_ order: Order) {
        isOver.lock()
        while given.load(ordering: .sequentiallyConsistent) == order.number { isOver.wait() }
        isOver.unlock()
    }

    func start(_ connection: MeddledConnection) {
        connections.withLock { $0.append(connection) }
        connection.start()
    }

    func ended(_ connection: MeddledConnection) {
        connections.withLock { $0.removeAll { $0 === connection } }
    }

    func cut() {
        for connection in connections.withLock({ $0 }) { connection.reset() }
    }
}
