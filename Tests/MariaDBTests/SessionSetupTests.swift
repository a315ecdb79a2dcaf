import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// What a server has understood of the statements that go with the login.
@Suite struct SessionSetupTests {
    private func client(for purpose: SessionPurpose) throws -> BlockingClient {
        let statements = SessionSetup.statements(for: purpose, database: "`mysql`")
        return try BlockingClient(SharedServer.server.endpoint(sessionSetup: statements))
    }

    /// The values of session variables, in the words of the server's kind.
    private func values(_ client: BlockingClient, mariaDB: [String], mySQL: [String]) throws -> [String?] {
        let names =
            switch client.dialect.kind {
            case .mariaDB: mariaDB
            case .mySQL: mySQL
            }
        return try client.strings("SELECT " + names.map { "@@SESSION.\($0)" }.joined(separator: ","))[0]
    }

    @Test func `sessions for loads are read-only, see what is committed, and have a bound on statements`()
        throws
    {
        let client = try client(for: .loads(statementSeconds: 30))
        let found = try values(
            client, mariaDB: ["tx_read_only", "tx_isolation", "max_statement_time"],
            mySQL: ["transaction_read_only", "transaction_isolation", "max_execution_time"])
        let bound = client.dialect.kind == .mariaDB ? "30.000000" : "30000"
        #expect(found == ["1", "READ-COMMITTED", bound])
        #expect(try client.strings("SELECT @@sql_mode,@@time_zone,DATABASE()") == [["", "+00:00", "mysql"]])
    }

    @Test func `health checks wait for no lock, as far as the server can be told`() throws {
        let client = try client(for: .healthCheck(statementSeconds: 2.5))
        let found = try values(
            client, mariaDB: ["lock_wait_timeout", "max_statement_time"],
            mySQL: ["lock_wait_timeout", "max_execution_time"])
        #expect(found == (client.dialect.kind == .mariaDB ? ["0", "2.500000"] : ["1", "2500"]))
    }

    @Test func `no statement draws a warning`() throws {
        let purposes = [
            SessionPurpose.loads(statementSeconds: 0), .healthCheck(statementSeconds: 1),
            .schema(statementSeconds: 30), .application,
        ]
        let client = try SharedServer.server.client()
        for purpose in purposes {
            for statement in SessionSetup.statements(for: purpose, database: "`mysql`") {
                try client.execute(statement)
                #expect(try client.strings("SHOW WARNINGS").isEmpty, "\(statement)")
            }
        }
    }

    @Test func `a statement that takes too long is ended by the server`() throws {
        let client = try client(for: .loads(statementSeconds: 1))
        let slow =
            "SELECT COUNT(*) FROM \(numbers(to: 5000)) JOIN \(numbers(to: 5000, as: "n")) JOIN \(numbers(to: 5000, as: "m"))"
        let error = #expect(throws: DatabaseError.self) { try client.execute(slow) }
        #expect([ErrorNumber.statementTimeout, ErrorNumber.queryTimeout].contains(error?.errno ?? 0))
    }
}
