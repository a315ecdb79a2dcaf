import ArgumentParser
import Demo
import Foundation
import Service
import TestSupport

@main
struct Torture: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Breaks everything around a daemon that is asked without a pause, and checks every answer.",
        discussion: """
            Two private database servers with a bookshop, a daemon in front of them, clients that compare every answer with \
            what a third server, which is left alone, says of that key alone, clients that behave badly, and one fault after \
            another. Prints a page, and ends with 1 if anything was found, also in its memory and its turns. The environment \
            variable KINDRED_SERVER names the servers: mariadb, mariadb-11.8 or mysql.
            """)

    @Option(help: "How long, in minutes.") var minutes = 1.0
    @Option(help: "Clients that ask.") var clients = 16
    @Flag(help: "Without faults, so that one daemon lives all the time.") var calm = false
    @Flag(help: "The daemon reaches its servers over TLS.") var tls = false
    @Option(help: "Repeats the order of things; their timing is the machine's.") var seed = UInt64.random(
        in: 0..<1_000_000)

    func run() throws {
        // A peer that closes is an error to look at, not a signal.
        signal(SIGPIPE, SIG_IGN)
        let start = ContinuousClock.now
        let rig = try TortureRig(script: Bookshop.script, isEncrypted: tls, seed: seed)
        let before = try Report.Rest(rig.daemon)
        let monitor = ResourceMonitor(rig)
        var random = SeededGenerator(seed: seed)
        var injector = FaultInjector(rig, seed: random.next())
        let threads = WorkerThreads()
        for _ in 0..<clients {
            threads.add { [seed = random.next()] in VerifyingClient(rig, seed: seed).work() }
        }
        for _ in 0..<Report.hostileClients {
            threads.add { [seed = random.next()] in HostileClient(rig, seed: seed).work() }
        }
        threads.add { monitor.watch() }
        let end = start + .seconds(minutes * 60)
        if calm { sleep(until: end) } else { injector.work(until: end) }
        rig.end()
        threads.wait()
        let after = try rest(rig, like: before)
        for figure in Bounds.all(monitor.runs, before: before, after: after) where figure.isBad {
            rig.findings.record(figure.what, "\(figure.value) of at most \(figure.bound)")
        }
        let report = Report(
            rig: rig, monitor: monitor, seed: seed, verifyingClients: clients,
            time: ContinuousClock.now - start,
            before: before, after: after)
        print(report.text())
        if !report.isGood { throw ExitCode.failure }
    }

    private func sleep(until end: ContinuousClock.Instant) {
        while ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.1) }
    }

    /// Waits until the daemon, all of whose clients have gone, holds no more than before, and returns what it
    /// holds.
    private func rest(_ rig: TortureRig, like before: Report.Rest) throws -> Report.Rest {
        do {
            try eventually("the daemon is as it was before") {
                let now = try Report.Rest(rig.daemon)
                let zeros = Metric.names(.zeroAtRest) + Metric.names(.zeroWithoutClients)
                return zeros.allSatisfy { now.number($0) == 0 }
                    && now.number("sessions") == 1
                    && now.number("connections") == 4 && now.files <= before.files
            }
        } catch {
            rig.findings.record("\(error)")
        }
        let start = try Report.Rest(rig.daemon)
        Thread.sleep(forTimeInterval: 2)
        let end = try Report.Rest(rig.daemon)
        let share = (end.processorSeconds - start.processorSeconds) / 2
        if share > 0.02 { rig.findings.record("the idle daemon takes \(share) of a processor") }
        return end
    }
}

/// Threads that can be waited for.
private struct WorkerThreads {
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
