import Foundation
import TestSupport

/// Injects one fault after another, and waits after each until the daemon has recovered.
struct FaultInjector {
    private let rig: TortureRig
    private var random: SeededGenerator

    init(_ rig: TortureRig, seed: UInt64) {
        self.rig = rig
        random = SeededGenerator(seed: seed)
    }

    /// Injects all faults in rounds, each round in another order. Faults that end the daemon are in every
    /// third round only: a leak shows in a long run.
    mutating func work(until end: ContinuousClock.Instant) {
        var next: [Fault] = []
        var rounds = 0
        let all = Fault.all.filter { !rig.isEncrypted || !$0.needsPlainText }
        while ContinuousClock.now < end {
            Thread.sleep(forTimeInterval: Double.random(in: 0.5...2, using: &random))
            if next.isEmpty {
                next = all.filter { rounds % 3 == 0 || !$0.endsDaemon }.shuffled(using: &random)
                rounds += 1
            }
            var fault = next.removeLast()
            if (try? rig.findServerInUse()) != true {
                fault.allowedErrors.formUnion(fault.allowedErrorsAlone)
            }
            rig.timeline.begin(fault)
            do {
                try run(fault)
            } catch {
                rig.findings.record(
                    "no recovery, or no injection: \(fault.name)",
                    "\(error); the daemon's log ends: \(rig.daemon.log.suffix(600))")
            }
            rig.timeline.end()
        }
    }

    private mutating func run(_ fault: Fault) throws {
        rig.findings.recordFault(fault.name)
        try fault.begin(rig)
        Thread.sleep(forTimeInterval: Double.random(in: 0.05...fault.duration, using: &random))
        try fault.end(rig)
        let start = ContinuousClock.now
        try eventually("recovered from: \(fault.name)", within: .seconds(60)) { rig.isHealthy }
        rig.findings.recordRecovery(from: fault.name, after: ContinuousClock.now - start)
    }
}
