import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// A database that is reached over TLS.
@Suite struct DatabaseTLSTests {
    private let server: PrivateServer
    private let port: UInt16
    private let expected: [String: [String]]

    init() throws {
        server = try Self.bookshop()
        port = try #require(server.tcpPort)
        let rows = try server.client(database: "shop").strings(
            "SELECT author_id, id FROM books ORDER BY id")
        expected = Dictionary(grouping: rows.map { $0.compactMap { $0 } }) { $0[0] }
            .mapValues { $0.map { $0[1] } }
    }

    private static func bookshop() throws -> PrivateServer {
        let server = try PrivateServer(
            arguments: Certificates.arguments(.server), tcpPort: PrivateServer.freePort())
        try server.client().executeScript(
            """
            CREATE DATABASE shop CHARACTER SET utf8mb4;
            CREATE USER reader REQUIRE SSL;
            GRANT SELECT ON shop.* TO reader;
            """)
        try server.client(database: "shop").executeScript(Bookshop.script)
        return server
    }

    private func daemon(
        _ address: String, authority: String? = nil, settings: String = ""
    ) throws -> DaemonUnderTest {
        let authority = try authority ?? Certificates.authority
        return try DaemonUnderTest(
            server, database: "shop", settings: settings,
            databaseAddress: "\(address)\ntls = \"verify_identity\"\ntls_ca = \"\(authority)\"",
            user: "reader")
    }

    private func address(_ port: UInt16) -> String { "host = \"localhost\"\nport = \(port)" }

    private func expectAnswers(_ daemon: DaemonUnderTest) throws {
        for id in 1...20 {
            let reply = try daemon.ask(#"{"load":"authors.books","key":\#(id)}"#)
            #expect(reply.rowIDs == expected["\(id)", default: []], "\(reply)")
        }
    }

    private func waitForConnections(_ daemon: DaemonUnderTest) throws {
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
    }

    /// The account can do nothing over a connection without TLS.
    @Test func `loads, the schema and kills go over TLS`() throws {
        let tap = try WireTap(to: port)
        let daemon = try daemon(address(tap.port))
        try waitForConnections(daemon)
        try expectAnswers(daemon)
        let locker = try server.client(database: "shop")
        try locker.execute("LOCK TABLES books WRITE")
        let reply = try daemon.ask(#"{"load":"authors.books","key":5,"timeout_ms":50}"#)
        #expect(reply.errorCode == "timeout")
        try eventually("the query is gone") { try daemon.stat("in_flight") == 0 }
        #expect(try daemon.stat("kills") == 1)
        try locker.execute("UNLOCK TABLES")
        try expectAnswers(daemon)
        for word in ["reader", "SELECT", "authors"] {
            #expect(tap.sent.firstRange(of: word.utf8) == nil, "\(word) was sent in the clear")
        }
        #expect(tap.sent.count > 1000)
    }

    @Test func `connections that are reset under load are made again, and nothing is left over`() throws {
        let tap = try WireTap(to: port)
        let daemon = try daemon(address(tap.port))
        try waitForConnections(daemon)
        let files = try daemon.openFiles()
        let expected = expected
        let complaints = inParallel(5) { number in
            if number == 0 {
                for _ in 0..<20 {
                    tap.resetConnections()
                    daemon.signal(SIGHUP)
                    _ = try daemon.ask(#"{"load":"authors.books","key":1}"#)
                }
                return []
            }
            let client = try daemon.client()
            return try (1...300).compactMap { round in
                let id = round % 50 + 1
                let reply = try JSONValue(client.ask(#"{"load":"authors.books","key":\#(id)}"#))
                guard let ids = reply.rowIDs else {
                    return reply.errorCode == "database_unavailable" ? nil : "\(reply)"
                }
                return ids == expected["\(id)", default: []] ? nil : "wrong: \(reply)"
            }
        }
        #expect(complaints.isEmpty, "\(complaints.prefix(5))")
        try waitForConnections(daemon)
        try expectAnswers(daemon)
        try daemon.waitForClosedFiles(files)
    }

    /// OpenSSL takes the file of `SSL_CERT_FILE` for the system's.
    @Test func `without tls_ca the authorities of the system are trusted, and no others`() throws {
        let settings = "\(address(port))\ntls = \"verify_identity\""
        let daemon = try DaemonUnderTest(
            server, database: "shop", databaseAddress: settings, user: "reader",
            environment: ["SSL_CERT_FILE": Certificates.authority])
        try waitForConnections(daemon)
        try expectAnswers(daemon)
        let stranger = try DaemonUnderTest(
            server, database: "shop", databaseAddress: settings, user: "reader")
        try stranger.waitForLog("name the CA of the server's certificate in database.tls_ca")
        let reply = try stranger.ask(#"{"load":"authors.books","key":1}"#)
        #expect(reply.errorCode == "database_unavailable")
    }

    @Test func `a server that takes no more connections keeps those that it has`() throws {
        let other = try Self.bookshop()
        let list = try [port, #require(other.tcpPort)].map { "\"localhost:\($0)\"" }.joined(separator: ", ")
        let daemon = try daemon("servers = [\(list)]\ncheck_interval_s = 1")
        try waitForConnections(daemon)
        let administrator = try server.client()
        try administrator.execute("SET GLOBAL max_connections = 10")
        var crowd: [BlockingClient] = []
        while let client = try? server.client() { crowd.append(client) }
        func refusals() throws -> Int {
            let name = "Connection_errors_max_connections"
            return Int(try administrator.strings("SHOW GLOBAL STATUS LIKE '\(name)'").first?[1] ?? "") ?? 0
        }
        let before = try refusals()
        // Two that fail would be enough to leave a server that cannot be reached.
        try eventually("the daemon has looked at the full server") { try refusals() >= before + 4 }
        try expectAnswers(daemon)
        #expect(try daemon.stat("connections") == 4)
        #expect(!daemon.log.contains("another database server"))
    }

    @Test(arguments: [WireTap.Meddling.fallSilent, .dribble])
    func `a server that stops in the handshake delays nobody, and comes back`(
        meddling: WireTap.Meddling
    ) throws {
        let tap = try WireTap(to: port, meddling)
        let daemon = try daemon(
            "servers = [\"localhost:\(tap.port)\", \"localhost:\(port)\"]\n"
                + "check_interval_s = 1\nconnect_timeout_s = 2")
        try eventually("the other server answers") {
            try daemon.ask(#"{"load":"authors.books","key":1}"#)["rows"] != nil
        }
        try waitForConnections(daemon)
        try expectAnswers(daemon)
        tap.meddle(.none)
        try eventually("the preferred server is used again", within: .seconds(240)) {
            try expectAnswers(daemon)
            let states = try daemon.ask(#"{"op":"stats"}"#)["stats"]?["servers"]
            return states?["localhost:\(tap.port)"]?.text == "active"
        }
        try waitForConnections(daemon)
    }

    @Test func `a daemon ends while its server is silent in the handshake`() throws {
        let tap = try WireTap(to: port)
        let daemon = try daemon(address(tap.port), settings: "connect_timeout_s = 3600")
        try waitForConnections(daemon)
        let before = tap.connections
        tap.meddle(.fallSilent)
        tap.resetConnections()
        try eventually("every connection is being made again") { tap.connections >= before + 4 }
        daemon.signal(SIGTERM)
        #expect(daemon.waitForExit() == 0)
    }

    @Test func `a reload reads the files again, and changes nothing if one is no good`() throws {
        let directory = try makeTestDirectory()
        let authority = directory + "/ca.pem"
        let good = try String(contentsOfFile: Certificates.authority, encoding: .utf8)
        try good.write(toFile: authority, atomically: true, encoding: .utf8)
        let daemon = try daemon(address(port), authority: authority)
        try waitForConnections(daemon)
        try "no certificate".write(toFile: authority, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reload failed, nothing has changed")
        #expect(daemon.log.contains("database.tls_ca '\(authority)' cannot be used: it has no certificate"))
        try expectAnswers(daemon)
        try good.write(toFile: authority, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reloaded")
        try expectAnswers(daemon)
    }

    // MARK: What check says

    private func check(_ settings: String) throws -> (status: Int32?, output: String) {
        let directory = try makeTestDirectory()
        let path = directory + "/kindred.toml"
        try """
        listen.unix = "\(directory)/k"
        [database]
        name = "shop"
        user = "reader"
        \(settings)

        """.write(toFile: path, atomically: true, encoding: .utf8)
        return try DaemonUnderTest.run(["check", "--config", path])
    }

    @Test func `check names a file that cannot be used, and its setting`() throws {
        let (certificate, key) = try (Certificates.certificate(.client), Certificates.key(.server))
        let outcome = try check(
            """
            \(address(port))
            tls = "verify_identity"
            tls_ca = "/nonexistent.pem"
            tls_cert = "\(certificate)"
            tls_key = "\(key)"
            """)
        #expect(outcome.status == 78)
        #expect(
            outcome.output.contains(
                "kindred.toml:8: database.tls_ca '/nonexistent.pem' cannot be used: No such file"))
        #expect(
            outcome.output.contains("kindred.toml:10: database.tls_key '\(key)' cannot be used: its key is"))
        let publicKey = try check("\(address(port))\nserver_public_key = \"\(certificate)\"")
        #expect(publicKey.status == 78)
        #expect(
            publicKey.output.contains(
                Endpoint.canUseServerPublicKey
                    ? "it has no public key in PEM form" : "does not encrypt by it; 3.3.20 or later does"))
    }

    /// The address is this machine's in a spelling that is not recognised as such.
    @Test func `a host elsewhere gets verified TLS unless another is set, and check says so`() throws {
        let elsewhere = "host = \"::ffff:127.0.0.1\"\nport = \(port)"
        let authority = "tls_ca = \"\(try Certificates.authority)\""
        let unknown = try check(elsewhere)
        #expect(unknown.status == 69)
        #expect(unknown.output.contains("database.tls is not set, which is \"verify_identity\""))
        #expect(unknown.output.contains("database.tls_ca"))
        let known = try check("\(address(port))\ntls = \"verify_identity\"\n\(authority)")
        #expect(known.status == 0, "\(known.output)")
        let unverified = try check("\(elsewhere)\ntls = \"required\"\n\(authority)")
        #expect(unverified.status == 0, "\(unverified.output)")
        let bare = try PrivateServer(.mariaDB, arguments: ["--skip-ssl"], tcpPort: PrivateServer.freePort())
        let without = try check(
            "host = \"localhost\"\nport = \(#require(bare.tcpPort))\ntls = \"verify_identity\"\n\(authority)")
        #expect(
            without.output.contains("does not support it; turn TLS on at the server, or set database.tls"))
        let plain = try check("\(elsewhere)\ntls = \"off\"")
        #expect(plain.status == 69)
        #expect(plain.output.contains("1045"), "the account demands TLS")
    }
}
