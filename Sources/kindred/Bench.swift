import ArgumentParser
import Bench
import Configuration
import Foundation
import LineClient
import PrivateServer
import Reactor
import Relations
import Service
import Time

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures kindred beside the ways to load without it.",
        discussion: """
            With --config it asks a running daemon and its database for loads of your own, and changes nothing there; \
            be sure that both can bear it. It makes as many connections to the database as there are clients, for each \
            of text and prepared queries.

              kindred bench --config /etc/kindred/kindred.toml --load authors.books --html report.html

            Without --config it builds a private MariaDB with a million rows, and compares on that.
            """)

    @OptionGroup var target: BenchTarget

    @OptionGroup var load: BenchLoad

    @Option(help: "Clients at one time.")
    var clients = 64

    @Option(help: "Rounds; in each, all contenders take their turn.")
    var rounds = 5

    @Option(help: "Seconds that a contender is measured in each round.")
    var seconds = 0.5

    @Option(help: "Seconds that it runs before.")
    var warmUp = 0.15

    @Option(help: "Writes everything that was measured to this file, as JSON.", completion: .file())
    var json: String?

    @Option(help: "Writes a page with tables and pictures to this file.", completion: .file())
    var html: String?

    func validate() throws {
        guard (1...10_000).contains(clients) else { throw ValidationError("--clients is from 1 to 10000") }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is from 1 to 1000") }
        guard (0.05...3600).contains(seconds), (0...3600).contains(warmUp) else {
            throw ValidationError("--seconds is from 0.05 to 3600, --warm-up from 0 to 3600")
        }
        if target.config == nil, load.isGiven {
            throw ValidationError(
                "without --config the loads are built in; name the daemon's configuration file")
        }
        if target.config != nil, load.load.isEmpty, load.mix == nil {
            throw ValidationError("say what to ask for, with --load or --mix")
        }
    }

    func run() throws {
        for path in [json, html].compactMap({ $0 }) {
            // This is checked before anything is measured.
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw ExitCode.reporting("\(path) cannot be written", .osError)
            }
        }
        // Thousands of idle connections need as many descriptors, here and in the daemon, which inherits the
        // limit.
        _ = DescriptorLimit.raise(to: .max)
        do {
            if let config = target.config {
                try runCustom(ConfigurationFile.parse(["--config", config]))
            } else {
                try runBuiltIn()
            }
        } catch let code as ExitCode {
            throw code
        } catch {
            throw ExitCode.reporting("kindred bench: \(error)", .unavailable)
        }
    }

    private var timing: TrialTiming {
        var timing = TrialTiming()
        timing.rounds = rounds
        timing.slot = .seconds(seconds)
        timing.warmUp = .seconds(warmUp)
        return timing
    }

    /// Benchmarks the built-in data.
    private func runBuiltIn() throws {
        print("building the data …")
        let daemon = try PrivateDaemon(
            database: "bench", script: BuiltInBenchmark.dataScript, listen: "max_clients = 20000",
            serverArguments: ["--innodb-buffer-pool-size=1G", "--max-connections=1000"])
        defer { daemon.stop() }
        let file = try ConfigurationFile.parse(["--config", daemon.configPath])
        let settings = try file.read()
        let testbed = try testbed(.unix(path: daemon.socketPath), settings)
        let benchmark = try BuiltInBenchmark(
            testbed, catalog: file.catalog(settings), clients: clients, timing, progress: progress)
        try report(testbed, benchmark.run)
    }

    /// Benchmarks a running daemon and its database.
    private func runCustom(_ file: ConfigurationFile) throws {
        let settings = try file.read()
        let catalog = try file.catalog(settings)
        let templates = try load.templates(in: catalog)
        let testbed = try testbed(target.address(settings), settings)
        var setup = load.setup
        setup.clients = clients
        let benchmark = try CustomBenchmark(
            testbed, templates, load.keySource(), load.distribution, setup, timing, hasRamp: load.ramp)
        try report(testbed) { try benchmark.run(progress: progress, report: $0) }
    }

    private func testbed(_ daemon: LineClient.Address, _ settings: Settings) throws -> Testbed {
        let endpoints = Inspection.endpoints(settings)
        return try Testbed(daemon: daemon, database: endpoints.application, tuned: endpoints.daemon)
    }

    private func report(_ testbed: Testbed, _ run: ((Section) throws -> Void) throws -> Void) throws {
        var report = Report(
            kindred: Kindred.version, database: try testbed.databaseVersion(),
            arguments: CommandLine.arguments)
        // What has been measured is written even if the run fails later.
        let outcome = Result {
            try run { section in
                if Self.isTerminal { print("\r\u{1B}[K", terminator: "") }
                print("\n" + section.text)
                fflush(nil)
                report.add(section)
            }
        }
        if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
        if let html { try Data(report.html.utf8).write(to: URL(fileURLWithPath: html)) }
        try outcome.get()
    }

    private static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    private func progress(_ line: String) {
        guard Self.isTerminal else { return }
        print("\r\u{1B}[K\(line)", terminator: "")
        fflush(nil)
    }
}
