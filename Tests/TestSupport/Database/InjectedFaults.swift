import Foundation
import Synchronization

/// The fault that a proxy's connections are to inject at present, and how often one was injected.
final class InjectedFaults: Sendable {
    struct Fault {
        /// Differs from that of every other fault of this proxy.
        let number: Int
        let moment: FaultProxy.Moment
        let action: FaultProxy.Action
        /// How often it may still be injected.
        var remaining: Int
    }

    private let current = Mutex<Fault?>(nil)
    private let connections = Mutex<[ProxiedConnection]>([])
    private let lastNumber = Atomic(0)
    /// How often a fault was injected.
    let injections = Atomic(0)
    /// Signalled when the current fault is cleared.
    private let isCleared = NSCondition()

    func set(_ action: FaultProxy.Action, at moment: FaultProxy.Moment, times: Int) {
        let number = lastNumber.add(1, ordering: .sequentiallyConsistent).newValue
        current.withLock { $0 = Fault(number: number, moment: moment, action: action, remaining: times) }
    }

    func clear() {
        current.withLock { $0 = nil }
        isCleared.lock()
        lastNumber.add(1, ordering: .sequentiallyConsistent)
        isCleared.broadcast()
        isCleared.unlock()
    }

    /// Returns the current fault, counted as injected once more, if its moment has come.
    func next(_ hasCome: (FaultProxy.Moment) -> Bool) -> Fault? {
        current.withLock { fault in
            guard let now = fault, now.remaining > 0, hasCome(now.moment) else { return nil }
            // A refusal is injected where queries come from, not where answers do.
            if case .refuse = now.action { return nil }
            fault?.remaining -= 1
            return now
        }
    }

    /// Returns the number of the error that a query is to get in place of an answer, if one is to be refused.
    func nextRefusal() -> UInt16? {
        current.withLock { fault in
            guard let now = fault, now.remaining > 0, case .refuse(let errno) = now.action else {
                return nil
            }
            fault?.remaining -= 1
            return errno
        }
    }

    /// The number of the current fault; 0 if there is none.
    var currentNumber: Int { current.withLock { $0?.number ?? 0 } }

    /// Returns when another fault has been set, or none is any more.
    func waitUntilCleared(_ fault: Fault) {
        isCleared.lock()
        while lastNumber.load(ordering: .sequentiallyConsistent) == fault.number { isCleared.wait() }
        isCleared.unlock()
    }

    func start(_ connection: ProxiedConnection) {
        connections.withLock { $0.append(connection) }
        connection.start()
    }

    func remove(_ connection: ProxiedConnection) {
        connections.withLock { $0.removeAll { $0 === connection } }
    }

    /// Resets those with a query last: at the moment at which one is lost, no other looks as if it could be
    /// asked in its place.
    func resetConnections() {
        let all = connections.withLock { $0 }
        for connection in all where !connection.hasQuery { connection.reset() }
        for connection in all where connection.hasQuery { connection.reset() }
    }
}
