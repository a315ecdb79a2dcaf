import ArgumentParser
import Bench
import Foundation
import PrivateServer
import Relations

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures kindred beside the ways to load without it.")

    @Option(help: "Clients at one time.")
    var clients = 64

    @Option(help: "Rounds; in each, all contenders take their turn.")
    var rounds = 5

    @Option(help: "Leaves out contenders whose \"workload/name\" does not contain this text.")
    var only: String?

    /// Thousands of idle connections need as many descriptors, here and in the daemon, which inherits the limit.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    func run() throws {
        do {
            raiseDescriptorLimit()
            print("building the data …")
            let stage = try Stage(
                database: "bench", script: Suite.dataScript, listen: "max_clients = 20000",
                settings: ProcessInfo.processInfo.environment["KB"] ?? "",
                serverArguments: ["--innodb-buffer-pool-size=1G", "--max-connections=400"])
            defer { stage.stop() }
            let ring = try Ring(
                daemon: .unix(path: stage.socketPath), database: stage.server.endpoint(database: "bench"))
            let catalog = try ConfigurationFile.catalog(at: stage.configPath)
            let suite = try Suite(ring, catalog: catalog, clients: clients, rounds: rounds, only: only) {
                line in
                if isatty(STDERR_FILENO) == 1 { print("\r\u{1B}[K\(line)", terminator: "") }
            }
            for section in try suite.run() { print("\n" + section.text) }
        } catch {
            throw ExitCode.complaint("kindred bench: \(error)", .unavailable)
        }
    }
}
