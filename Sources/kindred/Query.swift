import ArgumentParser
import PrivateServer

struct Query: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends request lines to a running kindred and prints its replies.",
        discussion: """
            Each argument is one request line; without arguments, lines are read from standard input. Replies are \
            printed as they come, in the order in which they are ready.

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
            throw ExitCode.complaint(failure.description, .unavailable)
        }
        if lines.isEmpty {
            while let line = readLine() { try client.send(line) }
        } else {
            for line in lines { try client.send(line) }
        }
        client.finishSending()
        while let reply = try client.receive() { print(reply) }
    }

    private var address: LineClient.Address {
        get throws {
            if let socket { return .unix(path: socket) }
            let text = tcp ?? ""
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
            else {
                throw ValidationError("--tcp wants HOST:PORT, not '\(text)'")
            }
            let host = text[..<colon]
            let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
            return .tcp(host: String(isBracketed ? host.dropFirst().dropLast() : host), port: port)
        }
    }
}
