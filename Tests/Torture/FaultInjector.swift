import Foundation
import TestSupport

/// Does one thing after another to the world, each in its time, and waits until it has recovered.
struct Conductor {
    private let world: World
    private var random: SeededGenerator

    init(_ world: World, seed: UInt64) {
        self.world = world
        random = SeededGenerator(seed: seed)
    }

    /// All faults in turn, each round in another order. Those that end the daemon are in every third: what grows, grows in
    /// a long life.
    mutating func work(until end: ContinuousClock.Instant) {
        var next: [Fault] = []
        var rounds = 0
        while ContinuousClock.now < end {
            Thread.sleep(forTimeInterval: Double.random(in: 0.5...2, using: &random))
            if next.isEmpty {
                next = Fault.all.filter { rounds % 3 == 0 || !$0.endsDaemon }.shuffled(using: &random)
                rounds += 1
            }
            var fault = next.removeLast()
            if (try? world.choosePlaces()) != true { fault.excuses.formUnion(fault.excusesAlone) }
            world.weather.breaks(fault)
            do {
                try run(fault)
            } catch {
                world.ledger.found(
                    "trouble with: \(fault.name)",
                    "\(error); the daemon's log ends: \(world.daemon.log.suffix(600))")
            }
            world.weather.clears()
        }
    }

    private mutating func run(_ fault: Fault) throws {
        world.ledger.began(fault.name)
        try fault.begin(world)
        Thread.sleep(forTimeInterval: Double.random(in: 0.05...fault.duration, using: &random))
        try fault.end(world)
        let start = ContinuousClock.now
        try eventually("recovered from: \(fault.name)", within: .seconds(60)) { world.isHealthy }
        world.ledger.recovered(from: fault.name, after: ContinuousClock.now - start)
    }
}
