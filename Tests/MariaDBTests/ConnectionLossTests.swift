import Glibc
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What a connection reports when its statement, its session or its server is killed, and that closing it
/// never waits.
@Suite struct ConnectionLossTests {
    /// Sends a statement and waits until the server runs it.
    private func suspended(_ sql: String, on connection: Connection, _ server: PrivateServer) throws
        -> Progress
    {
        let progress = connection.query(Array(sql.utf8))
        guard case .waiting = progress else {
            throw Unexpected(description: "\(sql) did not wait: \(progress)")
        }
        let client = try server.client()
        let running =
            "SELECT COUNT(*) FROM information_schema.processlist WHERE id = \(connection.threadID) AND info = "
        try eventually("the server runs \(sql)") {
            try client.strings(running + client.quote(sql)) == [["1"]]
        }
        return progress
    }

    @Test func `KILL QUERY fails the statement, not the connection`() throws {
        let server = try SharedServer.server
        let connection = try connected(server.endpoint(database: "mysql"))
        // An interrupted SLEEP() alone would give a row; in a table scan it gives the error.
        let waiting = try suspended("SELECT SLEEP(30) FROM \(numbers(to: 2))", on: connection, server)
        let client = try server.client()
        let state = "SELECT state FROM information_schema.processlist WHERE id = \(connection.threadID)"
        // A statement that is killed earlier, while it opens its table, fails with the engine's error 1939.
        try eventually("it sleeps") { try client.strings(state) == [["User sleep"]] }
        try client.execute("KILL QUERY \(connection.threadID)")
        guard case .failed(let error) = connection.drain(waiting) else {
            throw Unexpected(description: "not failed")
        }
        #expect(error.errno == 1317)
        #expect(error.kind == .statement)
        #expect(text(connection.run("SELECT 1").rows) == [["1"]])
    }

    @Test func `KILL QUERY between rows is an error and not their end`() throws {
        let server = try SharedServer.server
        let connection = try connected(server.endpoint(database: "mysql"))
        guard case .columns = connection.send("SELECT REPEAT('x', 1000) FROM \(numbers(to: 1_000_000))")
        else {
            throw Unexpected(description: "no columns")
        }
        #expect(connection.settle(connection.fetch()) == .row)
        try server.client().execute("KILL QUERY \(connection.threadID)")
        guard case .failed(let error) = connection.drain(.row) else {
            throw Unexpected(description: "not failed")
        }
        #expect(error.errno == 1317)
        #expect(text(connection.run("SELECT 1").rows) == [["1"]])
    }

    @Test func `KILL CONNECTION fails the statement as a lost connection`() throws {
        let server = try SharedServer.server
        let connection = try connected(server.endpoint(database: "mysql"))
        let waiting = try suspended("SELECT SLEEP(30)", on: connection, server)
        try server.client().execute("KILL CONNECTION \(connection.threadID)")
        guard case .failed(let error) = connection.drain(waiting) else {
            throw Unexpected(description: "not failed")
        }
        #expect(error.kind == .connectionLost)
    }

    @Test func `a server that crashes between rows is an error and never their end`() throws {
        let server = try PrivateServer()
        let sql = "SELECT seq, REPEAT('x', 1000) FROM \(numbers(to: 1_000_000))"
        let connections = try (0..<3).map { _ in try connected(server.endpoint(database: "mysql")) }
        for (taken, connection) in connections.enumerated() {
            guard case .columns = connection.send(sql) else { throw Unexpected(description: "no columns") }
            for _ in 0..<(taken * 100) { #expect(connection.settle(connection.fetch()) == .row) }
        }
        server.kill()
        for connection in connections {
            guard case .failed(let error) = connection.drain(connection.fetch()) else {
                throw Unexpected(description: "the rows ended")
            }
            #expect(error.kind == .connectionLost)
        }
    }

    @Test func `a query on a connection whose server has stopped fails as a lost connection`() throws {
        let server = try PrivateServer()
        let connection = try connected(server.endpoint(database: "mysql"))
        server.stop()
        #expect(connection.run("SELECT 1").error?.kind == .connectionLost)
        try server.restart()
        #expect(text(try connected(server.endpoint(database: "mysql")).run("SELECT 1").rows) == [["1"]])
    }

    @Test(arguments: Stage.allCases)
    func `closing a connection never waits, in whatever state it is`(stage: Stage) throws {
        let server = try SharedServer.server
        let setup = stage == .connecting ? ["DO SLEEP(30)"] : []
        let connection = Connection(server.endpoint(database: "mysql", sessionSetup: setup))
        try bring(connection, to: stage, server)
        connection.close()
        connection.close()
        #expect(connection.fileDescriptor == -1)
        #expect(connection.threadID == 0)
    }

    /// Reading the remaining rows, or sending COM_QUIT, would wait for the frozen server for ever.
    @Test func `closing a connection needs no answer from a frozen server`() throws {
        let server = try PrivateServer()
        let stages: [Stage] = [.idle, .sending, .row, .fetching]
        let connections = try stages.map { stage in
            let connection = Connection(server.endpoint(database: "mysql"))
            try bring(connection, to: stage, server)
            return connection
        }
        let pid = try #require(server.pid)
        let neededNoAnswer = try withFrozen(pid) { for connection in connections { connection.close() } }
        #expect(neededNoAnswer)
        #expect(connections.map(\.fileDescriptor) == [-1, -1, -1, -1])
    }

    enum Stage: CaseIterable {
        case new, connecting, idle, sending, opened, row, fetching, broken
    }

    /// A statement whose rows after the second take 30 s each.
    private static let slowRows = "SELECT IF(seq < 3, REPEAT('x', 1000000), SLEEP(30)) FROM \(numbers(to: 4))"

    private func bring(_ connection: Connection, to stage: Stage, _ server: PrivateServer) throws {
        if stage == .new { return }
        let progress = connection.connect()
        if stage == .connecting {
            guard case .waiting = progress else { throw Unexpected(description: "connected at once") }
            return
        }
        try #require(connection.settle(progress) == .connected)
        switch stage {
        case .new, .connecting, .idle: break
        case .sending: _ = try suspended("SELECT SLEEP(30)", on: connection, server)
        case .opened: try open(connection)
        case .row:
            try open(connection)
            try #require(connection.settle(connection.fetch()) == .row)
        case .fetching:
            try open(connection)
            try fetchUntilNothingComes(connection)
        case .broken:
            try server.client().execute("KILL CONNECTION \(connection.threadID)")
            try #require(connection.run("SELECT 1").error?.kind == .connectionLost)
        }
    }

    private func open(_ connection: Connection) throws {
        guard case .columns = connection.send(Self.slowRows) else {
            throw Unexpected(description: "no columns")
        }
    }

    private func fetchUntilNothingComes(_ connection: Connection) throws {
        var progress = connection.fetch()
        while true {
            switch progress {
            case .row: progress = connection.fetch()
            case .waiting(let interest):
                let ready = ready(interest, within: 0)
                if ready.isEmpty { return }
                progress = connection.resume(ready: ready)
            case .connected, .columns, .end, .done, .failed: throw Unexpected(description: "\(progress)")
            }
        }
    }
}

extension Connection {
    /// Fetches all rows and returns what comes after the last one.
    fileprivate func drain(_ progress: Progress) -> Progress {
        var progress = settle(progress)
        while true {
            switch progress {
            case .columns, .row: progress = settle(fetch())
            case .waiting, .connected, .end, .done, .failed: return progress
            }
        }
    }
}
