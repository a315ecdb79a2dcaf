import MariaDB
import TestSupport
import Testing

/// Servers that say what no server should.
@Suite struct HostileServerTests {
    private func failure(of responses: [UInt8]...) throws -> DatabaseError? {
        let server = try ScriptedServer(responses)
        let connection = try connected(Endpoint(.socket(path: server.path), user: "somebody"))
        return connection.run("SELECT 1").error
    }

    /// libmariadb gives up without an error, or without one that says anything; what follows on the connection would be
    /// taken for the answer to another query.
    @Test func `a description of a column that cannot be read ends the connection`() throws {
        let error = try failure(
            of: ScriptedServer.packet([1], 1) + ScriptedServer.packet([3, 1, 2, 3], 2) + ScriptedServer.end(3)
        )
        #expect(error?.kind == .connectionLost)
        #expect(error?.errno == 2027)
        #expect(error?.message.isEmpty == false)
    }

    /// libmariadb would ask whoever sits at the terminal, and on a daemon's thread for ever; or send the password as it is.
    @Test(arguments: ["dialog", "mysql_clear_password", "mysql_old_password", "sha256_password"])
    func `a server that wants to be told the password is refused`(plugin: String) throws {
        let change = ScriptedServer.packet([0xFE] + Array(plugin.utf8) + [0] + Array("4Password?".utf8), 2)
        let server = try ScriptedServer(login: change, [ScriptedServer.ok(4)])
        let endpoint = Endpoint(.socket(path: server.path), user: "somebody", password: "secret")
        #expect(try refusal(endpoint).kind == .refused)
    }

    /// libmariadb 3.3 would ask for the version of a server that has not told it, and read from address 0.
    @Test func `a report of progress in the place of the greeting is an error`() throws {
        let report: [UInt8] = [0xFF, 0xFF, 0xFF, 1]
        let liar = try ScriptedServer(greeting: ScriptedServer.packet(report, 0) + ScriptedServer.greeting)
        #expect(try refusal(Endpoint(.socket(path: liar.path), user: "somebody")).errno == 2027)
        let whole = ScriptedServer.packet(report + [1, 1, 0, 0, 0, 0], 0)
        let talker = try ScriptedServer(greeting: whole + ScriptedServer.greeting)
        _ = try connected(Endpoint(.socket(path: talker.path), user: "somebody"))
    }
}
