import ArgumentParser
import Foundation

@main
struct Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "MicroBench",
        abstract:
            "Counts the instructions and allocations of kindred's hot path, and fails if they have grown.",
        subcommands: [Count.self, Run.self], defaultSubcommand: Count.self)
}

struct Count: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count", abstract: "Counts every case under Valgrind, and compares it with its ceiling.")

    @Option(help: "Leaves out cases whose name does not contain this text.")
    var only = ""

    func run() throws {
        let valgrind = Valgrind(
            program: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let subjects = Case.all.filter { only.isEmpty || $0.name.contains(only) }
        guard !subjects.isEmpty else { throw ValidationError("no case's name contains '\(only)'") }
        var report = Report()
        print(Report.head)
        for subject in subjects {
            print(report.line(of: subject, try valgrind.cost(of: subject)))
        }
        guard report.regressions.isEmpty else {
            throw CountingError(
                "the hot path costs more than it did:\n" + report.regressions.joined(separator: "\n"))
        }
    }
}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Goes through one case, for Valgrind or a profiler to watch.")

    @Argument(help: "The case's name.")
    var name: String

    @Argument(help: "How often.")
    var iterations: Int

    func validate() throws {
        guard Case.all.contains(where: { $0.name == name }) else {
            let names = Case.all.map(\.name).joined(separator: ", ")
            throw ValidationError("there is no case '\(name)'; the cases are: \(names)")
        }
        guard iterations > 0 else {
            throw ValidationError("iterations must be more than 0, not \(iterations)")
        }
    }

    func run() {
        for subject in Case.all where subject.name == name { print(subject.run(iterations)) }
    }
}
