import ArgumentParser
import Configuration

struct Example: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the commented example configuration, with every setting and its default.")

    func run() {
        print(ExampleFile.render(), terminator: "")
    }
}
