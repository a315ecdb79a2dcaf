import Synchronization

/// The faults so far, in their order. Periods with and without a fault alternate and are numbered from 0:
/// each odd number is a fault, each even one a period without.
final class FaultTimeline: Sendable {
    private let faults = Mutex<[Fault]>([])
    private let periods = Atomic(0)

    /// Begins a fault, and with it the next period.
    func begin(_ fault: Fault) {
        faults.withLock { $0.append(fault) }
        periods.add(1, ordering: .sequentiallyConsistent)
    }

    /// Ends the fault: the daemon has recovered from it.
    func end() {
        periods.add(1, ordering: .sequentiallyConsistent)
    }

    /// The number of the present period.
    var number: Int { periods.load(ordering: .sequentiallyConsistent) }

    /// Returns the faults that something met that began in one period and ended in the other.
    func faults(from first: Int, to last: Int) -> [Fault] {
        faults.withLock { Array($0[first / 2..<(last + 1) / 2]) }
    }
}
