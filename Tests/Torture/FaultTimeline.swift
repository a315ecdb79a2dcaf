import Synchronization

/// Calm and trouble take turns, and are numbered: even ones are calm, each odd one is a fault.
final class Weather: Sendable {
    private let faults = Mutex<[Fault]>([])
    private let turns = Atomic(0)

    func breaks(_ fault: Fault) {
        faults.withLock { $0.append(fault) }
        turns.add(1, ordering: .sequentiallyConsistent)
    }

    /// The world has recovered.
    func clears() {
        turns.add(1, ordering: .sequentiallyConsistent)
    }

    var number: Int { turns.load(ordering: .sequentiallyConsistent) }

    /// What was met by somebody who saw this number at first and that one at last.
    func faults(from first: Int, to last: Int) -> [Fault] {
        faults.withLock { Array($0[first / 2..<(last + 1) / 2]) }
    }
}
