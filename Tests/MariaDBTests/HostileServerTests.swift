import MariaDB
import TestSupport
import Testing

/// Servers that break the protocol.
@Suite struct HostileServerTests {
    private func failure(of responses: [UInt8]...) throws -> DatabaseError? {
        let server = try ScriptedServer(responses)
        let connection = try connected(Endpoint(.socket(path: server.path), user: "somebody"))
        return connection.run("SELECT 1").error
    }

    /// libmariadb gives up without an error, or with one that has no message; what follows on the connection
    /// would be taken for the answer to another query.
    @Test func `an unreadable column description ends the connection`() throws {
        let error = try failure(
            of: ScriptedServer.packet([1], 1) + ScriptedServer.packet([3, 1, 2, 3], 2) + ScriptedServer.end(3)
        )
        #expect(error?.kind == .connectionLost)
        #expect(error?.errno == 2027)
        #expect(error?.message.isEmpty == false)
    }

    /// libmariadb would prompt on the terminal, on a daemon's thread for ever, or send the plain password.
    @Test(arguments: ["dialog", "mysql_clear_password", "mysql_old_password"])
    func `a server that asks for the plain password is refused`(plugin: String) throws {
        let change = ScriptedServer.packet([0xFE] + Array(plugin.utf8) + [0] + Array("4Password?".utf8), 2)
        let server = try ScriptedServer(login: change, [ScriptedServer.ok(4)])
        let endpoint = Endpoint(.socket(path: server.path), user: "somebody", password: "secret")
        #expect(try refusal(endpoint).kind == .refused)
    }

    /// libmariadb 3.3 would read the version that the server has not sent, from address 0.
    @Test func `a truncated progress report in place of the greeting is an error`() throws {
        let report: [UInt8] = [0xFF, 0xFF, 0xFF, 1]
        let liar = try ScriptedServer(greeting: ScriptedServer.packet(report, 0) + ScriptedServer.greeting)
        #expect(try refusal(Endpoint(.socket(path: liar.path), user: "somebody")).errno == 2027)
        let whole = ScriptedServer.packet(report + [1, 1, 0, 0, 0, 0], 0)
        let talker = try ScriptedServer(greeting: whole + ScriptedServer.greeting)
        _ = try connected(Endpoint(.socket(path: talker.path), user: "somebody"))
    }
}
