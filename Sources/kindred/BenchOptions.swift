import ArgumentParser
import Bench
import Configuration
import Foundation
import LineClient
import Relations

/// Which daemon and database are measured.
struct BenchTarget: ParsableArguments {
    @Option(
        name: .shortAndLong, help: "The running daemon's configuration file (TOML).",
        completion: .file(extensions: ["toml"]))
    var config: String?

    /// The address at which the daemon listens.
    func address(_ settings: Settings) throws -> LineClient.Address {
        if let path = settings.listen.unix { return .unix(path: path) }
        guard let tcp = settings.listen.tcp else {
            throw ExitCode.reporting(
                "\(config ?? ""): it has no listen.unix and no listen.tcp", .misconfigured)
        }
        return LineClient.Address(tcp)
    }
}

/// What is asked of it, and how.
struct BenchLoad: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A relationship, or a load without its key: '{\"load\":\"authors.books\",\"limit\":3}'. Repeated: a mix.",
            valueName: "load"))
    var load: [String] = []

    @Option(help: "A file of such loads, one a line, the weight of each before it.", completion: .file())
    var mix: String?

    @Option(help: "How many of the parent's keys are asked for.")
    var keys = 100_000

    @Option(help: "A file of keys instead, one JSON value a line.", completion: .file())
    var keysFile: String?

    @Option(help: "How often which key: uniform, or zipf: few keys very often.")
    var distribution = KeyDistribution.uniform

    @Option(help: "Keys in each of kindred's requests.")
    var keysPerRequest = 1

    @Option(
        parsing: .upToNextOption,
        help: "Requests that each of kindred's clients has on its way: one or more trials.")
    var pipeline = defaultPipeline

    @Option(
        help:
            "Loads per second of all clients (open loop), instead of as many as can be answered (closed loop)."
    )
    var rate: Double?

    @Option(
        parsing: .upToNextOption,
        help: """
            Whom to measure: kindred; text and prepared: a query for each load; page: one IN query for 20 loads; ideal: \
            what no proxy can beat.
            """)
    var against = ContenderKind.allCases

    @Flag(help: "Afterwards, lets clients become 256 and one again, and shows how batch sizes follow.")
    var ramp = false

    /// Whether an option is given that the built-in benchmark would ignore.
    var isGiven: Bool {
        !load.isEmpty || mix != nil || keysFile != nil || rate != nil || ramp || keys != 100_000
            || distribution != .uniform || keysPerRequest != 1 || pipeline != Self.defaultPipeline
            || against != ContenderKind.allCases
    }

    private static let defaultPipeline = [8, 1]

    func validate() throws {
        guard (1...10_000_000).contains(keys) else { throw ValidationError("--keys is from 1 to 10000000") }
        guard (1...10_000).contains(keysPerRequest) else {
            throw ValidationError("--keys-per-request is from 1 to 10000")
        }
        guard !pipeline.isEmpty, pipeline.allSatisfy({ (1...10_000).contains($0) }) else {
            throw ValidationError("--pipeline is from 1 to 10000")
        }
        guard rate == nil || pipeline == Self.defaultPipeline else {
            throw ValidationError(
                "--pipeline is for a closed loop; with --rate requests come when they are due")
        }
        guard rate.map({ (1...10_000_000).contains($0) }) ?? true else {
            throw ValidationError("--rate is from 1 to 10000000")
        }
    }

    var setup: Bench.Comparison.Setup {
        var setup = Bench.Comparison.Setup()
        setup.pipelineDepths = pipeline
        setup.keysPerRequest = keysPerRequest
        setup.rate = rate
        setup.contenders = against
        return setup
    }

    func templates(in catalog: Catalog) throws -> [LoadTemplate] {
        let own = try load.map { try LoadTemplate($0, in: catalog) }
        guard let mix else { return own }
        return try own + LoadTemplate.mix(text(of: mix), file: mix, in: catalog)
    }

    func keySource() throws -> KeySource {
        guard let keysFile else { return .parent(count: keys) }
        let lines = try text(of: keysFile).split(separator: "\n", omittingEmptySubsequences: false)
        return .lines(lines.map(String.init), file: keysFile)
    }

    private func text(of path: String) throws -> String {
        // A FileHandle reads pipes as well.
        guard let file = FileHandle(forReadingAtPath: path), let bytes = try? file.readToEnd() ?? Data(),
            let text = String(data: bytes, encoding: .utf8)
        else {
            throw ExitCode.reporting("\(path) cannot be read, or is not UTF-8", .misconfigured)
        }
        return text
    }
}

extension KeyDistribution: ExpressibleByArgument {}
extension ContenderKind: ExpressibleByArgument {}
