import ArgumentParser
import Demo
import Foundation
import TestSupport

@main
struct Torture: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Breaks everything around a kindred that is asked without a pause, and checks every answer.",
        discussion: """
            Two private MariaDB servers with a bookshop, a daemon in front of them, clients that compare every answer with \
            what a third server, which is left alone, says of that key alone, clients that behave badly, and one fault after \
            another. Prints a page, and ends with 1 if anything was found, also in its memory and its turns.
            """)

    @Option(help: "How long, in minutes.") var minutes = 1.0
    @Option(help: "Clients that ask.") var clients = 16
    @Flag(help: "Without faults, so that one daemon lives all the time.") var calm = false
    @Option(help: "Repeats the order of things; their timing is the machine's.") var seed = UInt64.random(
        in: 0..<1_000_000)

    func run() throws {
        // A peer that closes is an error to look at, not a signal.
        signal(SIGPIPE, SIG_IGN)
        let start = ContinuousClock.now
        let world = try World(script: Bookshop.script, seed: seed)
        let before = try Report.Rest(world.daemon)
        let vitals = Vitals(world)
        var random = SeededGenerator(seed: seed)
        var conductor = Conductor(world, seed: random.next())
        let crowd = Crowd()
        for _ in 0..<clients { crowd.add { [seed = random.next()] in Customer(world, seed: seed).work() } }
        for _ in 0..<Report.villains {
            crowd.add { [seed = random.next()] in Villain(world, seed: seed).work() }
        }
        crowd.add { vitals.watch() }
        let end = start + .seconds(minutes * 60)
        if calm { sleep(until: end) } else { conductor.work(until: end) }
        world.end()
        crowd.wait()
        let after = try rest(world, like: before)
        for judged in Bounds.all(vitals.lives, before: before, after: after) where judged.isBad {
            world.ledger.found(judged.what, "\(judged.value) of at most \(judged.bound)")
        }
        let report = Report(
            world: world, vitals: vitals, seed: seed, customers: clients, time: ContinuousClock.now - start,
            before: before, after: after)
        print(report.text())
        if !report.isGood { throw ExitCode.failure }
    }

    private func sleep(until end: ContinuousClock.Instant) {
        while ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.1) }
    }

    /// When all clients are gone.
    private func rest(_ world: World, like before: Report.Rest) throws -> Report.Rest {
        do {
            try eventually("the daemon is as it was before") {
                let now = try Report.Rest(world.daemon)
                let leftovers = ["waiting_requests", "queued_keys", "in_flight", "result_bytes"]
                return leftovers.allSatisfy { now.number($0) == 0 } && now.number("sessions") == 1
                    && now.number("connections") == 4 && now.files <= before.files
            }
        } catch {
            world.ledger.found("\(error)")
        }
        let start = try Report.Rest(world.daemon)
        Thread.sleep(forTimeInterval: 2)
        let end = try Report.Rest(world.daemon)
        let share = (end.processorSeconds - start.processorSeconds) / 2
        if share > 0.02 { world.ledger.found("the idle daemon takes \(share) of a processor") }
        return end
    }
}

/// Threads that work until they are done.
private struct Crowd {
    private let group = DispatchGroup()

    func add(_ work: @escaping @Sendable () -> Void) {
        group.enter()
        Thread { [group] in
            work()
            group.leave()
        }.start()
    }

    func wait() { group.wait() }
}
