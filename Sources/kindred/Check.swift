import ArgumentParser
import Configuration
import MariaDB
import Relations
import Service

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validates a configuration file, against itself and against the live schema.",
        discussion: """
            Prints one line for each fault, FILE:LINE: what is wrong and the nearest right name, and ends with 78; with \
            69 if the database cannot be reached; with 0 if all is well, which relationships without an index are: they \
            are warned of. The settings, with their defaults:

            """ + ExampleFile.listing())

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        let settings = try file.read()
        let schema = try file.schema(settings)
        let (catalog, warnings) = try file.catalog(settings, schema)
        try tryLoads(catalog, settings)
        for warning in warnings { print("\(file.config): warning: \(warning)") }
        for relationship in catalog.relationships {
            for gap in relationship.gaps(in: schema) {
                print("\(file.config): warning: relationship '\(relationship.name)': \(gap)")
            }
        }
        for name in settings.batching.namesUnknown(to: catalog) {
            print(
                "\(file.config): warning: [batching.\"\(name)\"] has no effect: \(catalog.unknown(name).message)"
            )
        }
        if let warning = settings.listen.overrideWarning(besides: ["/run/kindred/kindred.sock"]) {
            print("\(file.config): warning: where systemd's kindred.socket is used, \(warning)")
        }
        let problems = Inspection.serverProblems(settings, serving: catalog, of: schema.dialect.kind)
        for problem in problems where !problem.isFault {
            print("\(file.config): warning: \(problem.message)")
        }
        let faults = problems.filter(\.isFault).map { "\(file.config): \($0.message)" }
        guard faults.isEmpty else {
            throw ExitCode.reporting(faults.joined(separator: "\n"), .misconfigured)
        }
        print("\(file.config): all is well, \(catalog.relationships.count) relationships")
    }

    /// Runs a load of each relationship, which finds what the file and the schema do not show, such as a view
    /// whose definer is gone.
    private func tryLoads(_ catalog: Catalog, _ settings: Settings) throws {
        var refusals: [String] = []
        do throws(DatabaseError) {
            let trial = try LoadTrial(settings)
            for relationship in catalog.relationships {
                let configured = settings.relationships.first { $0.name == relationship.name }
                let line = configured.map { ":\($0.line)" } ?? ""
                switch try trial.run(relationship) {
                case .answered: break
                case .refused(let why):
                    refusals.append("\(file.config)\(line): relationship '\(relationship.name)': \(why)")
                case .inconclusive(let why):
                    print(
                        "\(file.config): warning: relationship '\(relationship.name)' could not be tried now: \(why)"
                    )
                }
            }
        } catch {
            throw file.reporting(error, settings)
        }
        guard refusals.isEmpty else {
            throw ExitCode.reporting(refusals.joined(separator: "\n"), .misconfigured)
        }
    }
}
