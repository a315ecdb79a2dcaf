import ArgumentParser
import Configuration
import Foundation
import LineClient

struct Query: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends request lines to a running kindred and prints its replies.",
        discussion: """
            Each argument is one request line; without arguments, lines are read from standard input to its end. \
            Replies are printed in the order in which they are ready. Ends with 1 if one of them is an error.

              kindred query --socket /run/kindred/kindred.sock '{"id":1,"load":"authors.books","key":42}'
            """)

    @Option(name: .shortAndLong, help: "The daemon's Unix socket.")
    var socket: String?

    @Option(name: .shortAndLong, help: "The daemon's TCP address, HOST:PORT.")
    var tcp: String?

    @Argument(help: "Request lines, such as '{\"id\":1,\"load\":\"authors.books\",\"key\":42}'.")
    var lines: [String] = []

    func validate() throws {
        guard (socket == nil) != (tcp == nil) else { throw ValidationError("give either --socket or --tcp") }
    }

    func run() throws {
        let client: LineClient
        do {
            client = try LineClient(address)
        } catch let failure as LineClient.Failure {
            throw ExitCode.reporting(failure.description, .unavailable)
        }
        if lines.isEmpty {
            while let line = readLine() { try client.send(line) }
        } else {
            for line in lines { try client.send(line) }
        }
        client.finishSending()
        var hasErrors = false
        while let reply = try client.receive() {
            print(reply)
            hasErrors = hasErrors || Self.isError(reply)
        }
        if hasErrors { throw ExitCode.failure }
    }

    // {"id":1,"error":{"code":"bad_key",…}}
    private static func isError(_ reply: String) -> Bool {
        let object = try? JSONSerialization.jsonObject(with: Data(reply.utf8)) as? [String: Any]
        return object?["error"] != nil
    }

    private var address: LineClient.Address {
        get throws {
            if let socket { return .unix(path: socket) }
            guard let address = tcp.flatMap(HostAndPort.init) else {
                throw ValidationError("--tcp wants HOST:PORT, not '\(tcp ?? "")'")
            }
            return LineClient.Address(address)
        }
    }
}

extension LineClient.Address {
    init(_ address: HostAndPort) {
        self = .tcp(host: address.host, port: UInt16(clamping: address.port))
    }
}
