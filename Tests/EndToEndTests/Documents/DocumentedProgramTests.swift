import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// The client programs that the documents show, as they stand there, against the bookshop.
@Suite struct DocumentedProgramTests {
    /// Languages of blocks that are programs, each with its interpreter.
    static let interpreters = ["php": "php", "python": "python3", "perl": "perl", "sh": "sh"]
    /// Languages of blocks that are none. Those of `console` are tested as the commands that they are.
    private static let otherLanguages: Set<String> = ["", "console", "toml", "ini"]
    /// Programs that promise to outlive a lost connection and a daemon that says nothing.
    private static let robustLanguages = ["php", "python", "perl"]

    private static func program(_ language: String) throws -> String {
        try #require(try Document("docs/CLIENTS.md").blocks.first { $0.language == language }).text
    }

    /// Runs a program, which gets the socket's path as its argument.
    /// - Returns: its exit status, and what it has written to both outputs.
    private func run(_ language: String, _ program: String, socket: String) throws -> (Int32?, [String]) {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = directory + "/client"
        try program.write(toFile: file, atomically: true, encoding: .utf8)
        let interpreter = try #require(Self.interpreters[language])
        let library = "PYTHONPATH=" + Document.path("clients/python/src")
        var process = try ChildProcess(
            ["/usr/bin/env", library, interpreter, file, socket], log: directory + "/output")
        let hasExited = process.waitForExit(within: 60)
        #expect(hasExited)
        let output = try String(contentsOfFile: directory + "/output", encoding: .utf8)
        return (process.status, output.split(separator: "\n").map(String.init))
    }

    /// `Book "33" by Jane Morrison 42`, for each book of author 42
    private func expectedLines(_ shop: BookshopFixture) throws -> [String] {
        try shop.server.client(database: shop.database).strings(
            """
            SELECT CONCAT(b.title, ' by ', a.name) FROM books b JOIN authors a ON a.id = b.author_id
            WHERE a.id = 42 ORDER BY b.id
            """
        ).compactMap { $0[0] }
    }

    @Test func `each program prints what the database has`() throws {
        let shop = try BookshopFixture()
        let expected = try expectedLines(shop)
        #expect(expected.count > 1)
        let languages = try Document.all.flatMap(\.blocks).map(\.language)
        #expect(Set(languages).subtracting(Self.otherLanguages) == Set(Self.interpreters.keys))
        for block in try Document.all.flatMap(\.blocks) where Self.interpreters[block.language] != nil {
            let (status, lines) = try run(block.language, block.text, socket: shop.daemon.socketPath)
            #expect(status == 0, "\(block.language): \(lines)")
            if block.language == "sh" {
                #expect(lines.count == 3)
                #expect(lines.contains { $0.hasPrefix(#"{"id":42,"rows":[{"id":"#) }, "\(lines)")
            } else {
                #expect(lines == expected, "\(block.language)")
            }
        }
    }

    @Test(arguments: robustLanguages)
    func `a program whose connection is lost connects again, once`(language: String) throws {
        let shop = try BookshopFixture()
        let expected = try expectedLines(shop)
        let program = try Self.program(language)
        let once = try LosingRelay(to: shop.daemon.socketPath, maxReplies: [1, .max])
        let (status, lines) = try run(language, program, socket: once.path)
        #expect(status == 0 && lines == expected, "\(lines)")
        let always = try LosingRelay(to: shop.daemon.socketPath, maxReplies: [0])
        let (other, complaint) = try run(language, program, socket: always.path)
        #expect(other != 0)
        let told = language == "python" ? "connection_lost" : "kindred closed the connection"
        #expect(complaint.joined().contains(told), "\(complaint)")
    }

    @Test(arguments: robustLanguages)
    func `a program does not wait for ever for a daemon that says nothing`(language: String) throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let silent = try UnixSocket.listen(directory + "/silent")
        defer { close(silent) }
        let (status, lines) = try run(language, Self.program(language), socket: directory + "/silent")
        #expect(status != nil && status != 0)
        #expect(lines.joined().contains("in time"), "\(lines)")
    }
}

/// A socket before a daemon's. It passes each line and its reply, and closes a connection that has had its
/// replies when it asks for more.
private final class LosingRelay: Sendable {
    let path: String
    private let directory: String
    private let listener: Int32

    /// - Parameter maxReplies: of each connection, in their order; the last number holds for all that follow.
    init(to far: String, maxReplies: [Int]) throws {
        directory = try makeTestDirectory()
        path = directory + "/relay"
        listener = try UnixSocket.listen(path)
        Thread { [listener] in
            var bounds = maxReplies[...]
            while case let near = accept(listener, nil, nil), near >= 0 {
                Self.pass(near, far, maxReplies: bounds.first ?? 0)
                if bounds.count > 1 { bounds.removeFirst() }
                close(near)
            }
            close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func pass(_ near: Int32, _ far: String, maxReplies: Int) {
        guard let daemon = try? LineClient(.unix(path: far)) else { return }
        var line: [UInt8] = []
        var replies = 0
        var byte: UInt8 = 0
        while recv(near, &byte, 1, 0) == 1 {
            if byte != UInt8(ascii: "\n") {
                line.append(byte)
                continue
            }
            guard replies < maxReplies,
                let reply = try? daemon.ask(String(decoding: line, as: UTF8.self)),
                UnixSocket.send(Array((reply + "\n").utf8)[...], to: near)
            else { return }
            replies += 1
            line = []
        }
    }
}
