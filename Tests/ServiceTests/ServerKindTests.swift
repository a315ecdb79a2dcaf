import Loading
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

@testable import Service

/// Servers of one list are of one kind.
@Suite struct ServerKindTests {
    private func finding(_ version: String, mustBe kind: Dialect.Kind) throws -> FailoverPolicy.Finding {
        let answer = ScriptedServer.packet([0xFF, 0x28, 4] + Array("#42000no such syntax".utf8), 1)
        let server = try ScriptedServer(greeting: ScriptedServer.makeGreeting(version: version), [answer])
        return HealthCheck(kind: kind).run(Endpoint(.socket(path: server.path), user: "root")).finding
    }

    @Test func `a health check finds a server of another kind unwell, in a sentence`() throws {
        guard case .unwell(let error) = try finding("9.7.4", mustBe: .mariaDB) else {
            throw TestFailure(description: "it was not found unwell")
        }
        #expect(error.errno == ErrorNumber.unsupportedServer && error.kind == .refused)
        #expect(
            error.message
                == "the server is MySQL 9.7.4, and the schema that is served was read from a server of MariaDB; "
                + "all of database.servers must be of one kind")
    }

    @Test func `a server of the same kind and another version is asked what it can answer`() throws {
        guard case .unwell(let error) = try finding("8.4.7", mustBe: .mySQL) else {
            throw TestFailure(description: "its answer was not an error")
        }
        #expect(error.errno == ErrorNumber.syntaxError)
    }
}
