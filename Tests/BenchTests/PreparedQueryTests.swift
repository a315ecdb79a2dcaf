import MariaDB
import TestSupport
import Testing

@testable import Bench

/// What happens to prepared statements that the server refuses.
@Suite struct PreparedQueryTests {
    /// AddressSanitizer also sees here that nothing is left behind.
    @Test func `a statement that is not prepared is an error`() throws {
        let refusal = ScriptedServer.packet([0xFF, 0x28, 4] + Array("#42000no".utf8), 1)
        let server = try ScriptedServer([refusal])
        let endpoint = Endpoint(.socket(path: server.path), user: "somebody")
        let error = #expect(throws: DatabaseError.self) { try PreparedQuery(endpoint, sql: "SELECT ?") }
        #expect(error?.errno == 1064 && error?.kind == .statement && error?.message == "no")
    }
}
