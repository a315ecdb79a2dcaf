import ArgumentParser
import Configuration
import MariaDB
import Relations
import Service
import Wire

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Shows how the database answers a load: the SQL, its plan, and the index that it uses or lacks.",
        discussion: """
            Needs no running daemon. A relationship that the load includes is explained with keys that really occur.

              kindred explain --config FILE '{"load":"authors.books","key":42,"order":["-sold"],"limit":3}'
              kindred explain --config FILE authors.books
            """)

    @OptionGroup var file: ConfigurationFile

    @Argument(help: "A load, as a client would send it, or the name of a relationship.")
    var request: String

    func run() throws {
        let settings = try file.read()
        var decoder = RequestDecoder(.init(settings.limits))
        let decoded = Array(line.utf8).withUnsafeBytes { decoder.decode($0) }
        let load: Load
        switch decoded {
        case .failure(let rejection): throw Self.reporting(rejection.failure)
        case .success(let request):
            guard case .load(let found) = request.operation else {
                throw ValidationError("only a load can be explained")
            }
            load = found
        }
        let catalog = try file.catalog(settings)
        do {
            print(try Explanation(settings, catalog).explain(load).joined(separator: "\n\n"))
        } catch let failure as Failure {
            throw Self.reporting(failure)
        } catch let error as DatabaseError {
            throw ExitCode.reporting("\(file.config): the database: \(error)", .unavailable)
        }
    }

    /// The load as a client would send it. One without keys is explained with keys that really occur.
    private var line: String {
        guard !request.trimmingPrefix(while: \.isWhitespace).hasPrefix("{") else { return request }
        let quoted = request.replacing(#"\"#, with: #"\\"#).replacing(#"""#, with: #"\""#)
        return #"{"load":"\#(quoted)","keys":[]}"#
    }

    private static func reporting(_ failure: Failure) -> ExitCode {
        .reporting("\(failure.code.rawValue): \(failure.message)", .failure)
    }
}
