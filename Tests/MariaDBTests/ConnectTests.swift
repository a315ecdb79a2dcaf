import Glibc
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

@Suite struct ConnectTests {
    @Test func `connects over a Unix socket with the charset utf8mb4`() throws {
        let connection = try connected(SharedServer.server.endpoint())
        #expect(connection.threadID > 0)
        #expect(connection.fileDescriptor >= 0)
        #expect(text(connection.run("SELECT @@character_set_client").rows) == [["utf8mb4"]])
    }

    @Test func `connects over TCP`() throws {
        let server = try PrivateServer(tcpPort: PrivateServer.freePort())
        let port = try #require(server.tcpPort)
        let endpoint = Endpoint(.tcp(address: "127.0.0.1", port: port), user: "root", database: "mysql")
        let connection = try connected(endpoint)
        #expect(
            text(connection.run("SELECT SUBSTRING_INDEX(USER(), '@', -1), DATABASE()").rows) == [
                ["127.0.0.1", "mysql"]
            ])
    }

    @Test func `all strings of the endpoint reach the server`() throws {
        let server = try SharedServer.server
        let database = try SharedServer.freshDatabase(named: "strings")
        let password = "pass'word mit Ü und einer Länge, die in keinen kurzen String passt"
        let root = try server.client()
        try root.execute(
            "CREATE USER a_user_with_a_long_name@localhost IDENTIFIED BY \(root.quote(password))")
        try root.execute("GRANT SELECT ON \(database).* TO a_user_with_a_long_name@localhost")
        let connection = try connected(
            Endpoint(
                .socket(path: server.socketPath), user: "a_user_with_a_long_name", password: password,
                database: database))
        #expect(
            text(connection.run("SELECT USER(), DATABASE()").rows) == [
                ["a_user_with_a_long_name@localhost", database]
            ])
    }

    @Test(.enabled(if: SharedServer.kind == .mariaDB, "MySQL's plugin of the kind must be installed first"))
    func `an account with unix_socket authentication needs no password`() throws {
        let server = try PrivateServer()
        let own = String(cString: getpwuid(geteuid()).pointee.pw_name)
        try server.client().execute("CREATE OR REPLACE USER \(own)@localhost IDENTIFIED VIA unix_socket")
        let connection = try connected(Endpoint(.socket(path: server.socketPath), user: own))
        #expect(text(connection.run("SELECT USER()").rows) == [["\(own)@localhost"]])
    }

    @Test func `a wrong password is refused`() throws {
        var endpoint = try SharedServer.server.endpoint()
        endpoint.password = "wrong"
        let error = try refusal(endpoint)
        #expect(error.errno == 1045)
        #expect(error.sqlState == "28000")
        #expect(error.kind == .refused)
    }

    @Test func `a database that does not exist is refused`() throws {
        let error = try refusal(SharedServer.server.endpoint(database: "no_such_database"))
        #expect(error.errno == 1049)
        #expect(error.kind == .refused)
    }

    @Test func `a missing socket is unreachable`() throws {
        let error = try refusal(Endpoint(.socket(path: "/nonexistent/kindred.sock"), user: "root"))
        #expect(error.errno == 2002)
        #expect(error.kind == .unreachable)
    }

    @Test func `a port where nobody listens is unreachable`() throws {
        let port = try PrivateServer.freePort()
        let error = try refusal(Endpoint(.tcp(address: "127.0.0.1", port: port), user: "root"))
        #expect(error.errno == 2002)
        #expect(error.kind == .unreachable)
    }

    @Test func `a peer that says nothing is unreachable after the connect timeout`() throws {
        let (listener, port) = try listen()
        defer { close(listener) }
        let error = try refusal(
            Endpoint(.tcp(address: "127.0.0.1", port: port), user: "root", connectTimeoutSeconds: 1))
        #expect(error.errno == 2013)
        #expect(error.kind == .unreachable)
    }

    @Test func `the connect timeout limits the session setup, but no query`() throws {
        let server = try SharedServer.server
        var endpoint = server.endpoint(sessionSetup: ["DO SLEEP(30)"])
        endpoint.connectTimeoutSeconds = 1
        #expect(try refusal(endpoint).kind == .unreachable)
        endpoint.sessionSetup = []
        let connection = try connected(endpoint)
        guard case .waiting(let interest) = connection.query(Array("DO SLEEP(30)".utf8)) else {
            throw Unexpected(description: "did not wait")
        }
        #expect(interest.timeoutMilliseconds == nil)
        #expect(interest.events == .readable)
    }

    /// Returns a socket whose connections the kernel accepts and nobody reads from, and its port.
    private func listen() throws -> (Int32, UInt16) {
        let port = try PrivateServer.freePort()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        address.sin_port = port.bigEndian
        let bound = withUnsafeBytes(of: &address) {
            bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count)) == 0
        }
        try #require(bound && Glibc.listen(descriptor, 1) == 0)
        return (descriptor, port)
    }

    @Test func `the session setup has run when connected`() throws {
        let connection = try connected(
            SharedServer.server.endpoint(sessionSetup: ["SET time_zone = '+05:00', wait_timeout = 7"]))
        #expect(
            text(connection.run("SELECT @@time_zone, @@wait_timeout").rows) == [["+05:00", "7"]])
    }

    @Test func `a session setup that the server refuses fails the connect`() throws {
        let error = try refusal(SharedServer.server.endpoint(sessionSetup: ["SET no_such_variable = 1"]))
        #expect(error.errno == 1193)
        #expect(error.kind == .refused)
    }

    @Test(arguments: [
        ("5.5.5-10.5.29-MariaDB", "MariaDB 10.5.29"), ("5.7.44", "MySQL 5.7.44"),
        ("", "does not say its version"),
    ])
    func `a server that is too old is refused`(version: String, what: String) throws {
        let greeting = ScriptedServer.makeGreeting(version: version)
        let (first, second) = (try ScriptedServer(greeting: greeting), try ScriptedServer(greeting: greeting))
        let error = try refusal(Endpoint(.socket(path: first.path), user: "root"))
        #expect(error.errno == ErrorNumber.unsupportedServer && error.kind == .refused)
        #expect(error.message.contains(what), "\(error)")
        #expect(error.message.contains("kindred needs MariaDB 10.6.0 or MySQL 8.0.22"))
        let blocking = #expect(throws: DatabaseError.self) {
            try BlockingClient(Endpoint(.socket(path: second.path), user: "root"))
        }
        #expect(blocking == error)
    }

    /// The setup waits for a lock that is released only after `connect` has returned. If it blocked, it would
    /// give up the lock after 20 s and not own it afterwards.
    @Test func `the session setup does not block`() throws {
        let server = try SharedServer.server
        let holder = try server.client()
        #expect(try holder.strings("SELECT GET_LOCK('setup', 0)") == [["1"]])
        let connection = Connection(server.endpoint(sessionSetup: ["DO GET_LOCK('setup', 20)"]))
        var progress = connection.connect()
        let waiters = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO GET_LOCK(%'"
        try eventually("the setup waits for the lock") {
            if case .waiting(let interest) = progress {
                let ready = ready(interest, within: 0)
                if !ready.isEmpty { progress = connection.resume(ready: ready) }
            }
            return try holder.strings(waiters) == [["1"]]
        }
        guard case .waiting = progress else { throw Unexpected(description: "\(progress)") }
        try holder.execute("DO RELEASE_LOCK('setup')")
        #expect(connection.settle(progress) == .connected)
        #expect(try holder.strings("SELECT IS_USED_LOCK('setup')") == [["\(connection.threadID)"]])
    }

    @Test func `an idle connection is fine until the server closes it`() throws {
        let server = try SharedServer.server
        let connection = try connected(server.endpoint())
        #expect(connection.checkIdle() == nil)
        try server.client().execute("KILL CONNECTION \(connection.threadID)")
        let ready = wait(
            for: Interest(
                fileDescriptor: connection.fileDescriptor, events: .readable, timeoutMilliseconds: nil))
        #expect(ready.contains(.readable))
        #expect(connection.checkIdle()?.kind == .connectionLost)
    }
}
