import Foundation
import PrivateServer

/// A fake database server for one client: it greets like a server, answers each packet with the next of its
/// responses, and closes the connection after the last one.
package final class ScriptedServer: Sendable {
    package let path: String
    private let listener: Int32
    private let directory: String

    /// - Parameter login: the answer to the login; by default it is accepted.
    package init(greeting: [UInt8] = greeting, login: [UInt8] = ok(2), _ responses: [[UInt8]] = []) throws {
        directory = try makeTestDirectory()
        path = directory + "/server"
        listener = try UnixSocket.listen(path)
        let all = [greeting, login] + responses
        Thread { [listener] in
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            var heard = [UInt8](repeating: 0, count: 1 << 16)
            for (index, response) in all.enumerated() {
                if index > 0, read(client, &heard, heard.count) <= 0 { break }
                guard UnixSocket.send(response[...], to: client) else { break }
            }
            close(client)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Returns a packet: the body's length in three bytes, its number in the conversation, and a body of at
    /// most 255 bytes.
    package static func packet(_ body: [UInt8], _ number: UInt8) -> [UInt8] {
        [UInt8(body.count), 0, 0, number] + body
    }

    package static func ok(_ number: UInt8) -> [UInt8] { packet([0, 0, 0, 2, 0, 0, 0], number) }

    /// Returns the packet at the end of the columns or of the rows.
    package static func end(_ number: UInt8) -> [UInt8] { packet([0xFE, 0, 0, 2, 0], number) }

    /// The greeting of a MariaDB 10.11.
    package static let greeting = makeGreeting(version: "5.5.5-10.11.9-MariaDB")

    // https://mariadb.com/kb/en/connection/#initial-handshake-packet
    /// Returns the greeting of a server of that version.
    package static func makeGreeting(version: String) -> [UInt8] {
        packet(
            [10] + Array(version.utf8) + [0, 7, 0, 0, 0] + Array("abcdefgh".utf8) + [0]
                + [0xFE, 0xF7, 45, 2, 0, 0xBF, 0x80, 21] + [UInt8](repeating: 0, count: 10)
                + Array("ijklmnopqrst".utf8) + [0] + Array("mysql_native_password".utf8) + [0], 0)
    }
}
