import MariaDB
import PrivateServer
import Testing

@Suite struct PrivateServerTests {
    @Test func `data outlives a stop, a crash and a restart`() throws {
        let server = try PrivateServer()
        try server.client().executeScript(
            "CREATE DATABASE d; CREATE TABLE d.t (a INT); INSERT INTO d.t VALUES (1)")
        for end in [PrivateServer.stop, PrivateServer.kill] {
            let before = try #require(server.pid)
            end(server)()
            #expect(server.pid == nil)
            #expect(throws: DatabaseError.self) { try server.client() }
            try server.restart()
            #expect(server.pid != before)
            #expect(try server.client().strings("SELECT a FROM d.t") == [["1"]])
        }
    }

    @Test func `a server that does not start says why`() throws {
        let error = #expect(throws: PrivateServerError.self) {
            try PrivateServer(arguments: ["--no-such-option"])
        }
        let description = try #require(error?.description)
        #expect(description.contains("unknown option '--no-such-option'"))
    }
}
