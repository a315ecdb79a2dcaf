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

    /// All faults once, then as they come.
    mutating func work(until end: ContinuousClock.Instant) {
        var next = Fault.all.shuffled(using: &random)
        while ContinuousClock.now < end {
            Thread.sleep(forTimeInterval: Double.random(in: 0.5...2, using: &random))
            if next.isEmpty { next = Fault.all.shuffled(using: &random) }
            let fault = next.removeLast()
            world.ledger.turnWeather()
            do {
                try run(fault)
            } catch {
                world.ledger.found(
                    "\(fault.name): \(error); the daemon's log ends: \(world.daemon.log.suffix(600))")
            }
            world.ledger.turnWeather()
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
