import MariaDB
import PrivateServer
import TestSupport
import Testing

/// TLS with a MariaDB server, and with those who pretend to be one.
@Suite struct TLSTests {
    private static let password = "a secret of many words"

    /// A server that shows a certificate, or has no TLS at all, with an account `teller`.
    private static func server(_ kind: Certificates.Kind?) -> Result<PrivateServer, any Error> {
        Result {
            let server = try PrivateServer(
                .mariaDB, arguments: kind.map(Certificates.arguments) ?? ["--skip-ssl"],
                tcpPort: PrivateServer.freePort())
            let root = try server.client()
            try root.execute("CREATE USER teller IDENTIFIED BY '\(password)'")
            try root.execute("GRANT SELECT ON mysql.* TO teller")
            return server
        }
    }

    private static let good = server(.server)

    private func endpoint(_ port: UInt16, _ tls: TLS, user: String = "teller") -> Endpoint {
        var endpoint = Endpoint(
            .tcp(address: "127.0.0.1", port: port), user: user, password: Self.password,
            connectTimeoutSeconds: 2)
        endpoint.tls = tls
        return endpoint
    }

    private func verified(_ name: String = "db.test") throws -> TLS {
        TLS(.identity(name), ca: try Certificates.authority)
    }

    /// What becomes of connecting on this thread, and by an attempt.
    private func failures(_ endpoint: Endpoint) -> [DatabaseError?] {
        var blocking: DatabaseError?
        do throws(DatabaseError) { _ = try BlockingClient(endpoint) } catch { blocking = error }
        return [blocking, ConnectAttempt().run(endpoint)]
    }

    @Test func `the certificate is verified for the name, also where the address was used`() throws {
        let port = try #require(Self.good.get().tcpPort)
        for name in ["db.test", "localhost", "127.0.0.1"] {
            #expect(try failures(endpoint(port, verified(name))) == [nil, nil], "\(name)")
        }
        for error in failures(try endpoint(port, verified("other.test"))) {
            #expect(error?.errno == 2026)
            #expect(error?.message.contains("certificate") == true)
        }
    }

    @Test func `a connection over TLS answers like any other`() throws {
        let port = try #require(Self.good.get().tcpPort)
        let attempt = ConnectAttempt()
        #expect(try attempt.run(endpoint(port, verified())) == nil)
        let connection = try #require(attempt.take())
        #expect(attempt.take() == nil)
        #expect(connection.checkIdle() == nil, "no ticket of TLS 1.3 lies about")
        #expect(text(connection.run("SHOW STATUS LIKE 'Ssl_version'").rows) == [["Ssl_version", "TLSv1.3"]])
        let rows = connection.run("SELECT seq, REPEAT('x', 1000) FROM mysql.seq_1_to_20000").rows
        #expect(rows.count == 20_000)
        #expect(connection.run("SELECT nonsense").error?.kind == .statement)
        #expect(connection.checkIdle() == nil)
        try Self.good.get().client().execute("KILL CONNECTION \(connection.threadID)")
        _ = wait(
            for: Interest(
                fileDescriptor: connection.fileDescriptor, events: .readable, timeoutMilliseconds: nil))
        #expect(connection.checkIdle()?.kind == .connectionLost)
    }

    @Test(arguments: [Certificates.Kind.otherHost, .expired, .selfSigned])
    func `a certificate that is not the server's is refused`(kind: Certificates.Kind) throws {
        let server = try Self.server(kind).get()
        let tap = try WireTap(to: #require(server.tcpPort))
        for error in failures(try endpoint(tap.port, verified())) { #expect(error?.errno == 2026) }
        // The user's name goes out after the handshake only, and its encrypted form is not this.
        #expect(tap.sent.firstRange(of: "teller".utf8) == nil)
        #expect(tap.connections == 2)
        if kind == .otherHost {
            let chain = TLS(.chain, ca: try Certificates.authority)
            #expect(failures(endpoint(tap.port, chain)) == [nil, nil], "the chain is good")
        }
    }

    @Test func `a server without TLS, or whose TLS is hidden, hears nothing`() throws {
        let plain = try Self.server(nil).get()
        let taps = [
            try WireTap(to: #require(plain.tcpPort)),
            try WireTap(to: #require(Self.good.get().tcpPort), .hideTLS),
        ]
        for tap in taps {
            for verification in [TLS.Verification.identity("db.test"), .chain] {
                let tls = TLS(verification, ca: try Certificates.authority)
                for error in failures(endpoint(tap.port, tls)) {
                    #expect(error?.errno == 2026)
                    #expect(error?.message.contains("does not support it") == true)
                }
            }
            #expect(tap.sent.isEmpty)
            #expect(tap.connections == 4)
        }
    }

    /// A server that is full says so in place of its greeting, which libmariadb takes for a connection that
    /// has failed, because TLS has not begun.
    @Test func `a full server is told from one that cannot be reached`() throws {
        let server = try PrivateServer(
            .mariaDB, arguments: Certificates.arguments(.server) + ["--max-connections=10"],
            tcpPort: PrivateServer.freePort())
        var crowd: [BlockingClient] = []
        while let client = try? server.client() { crowd.append(client) }
        for error in failures(try endpoint(#require(server.tcpPort), verified())) {
            #expect(error?.errno == 1040 && error?.kind == .refused)
            #expect(
                error?.message == "Too many connections (said before TLS began, by whoever answers there)")
        }
    }

    @Test(arguments: [WireTap.Meddling.fallSilent, .reset, .dribble])
    func `a server that stops or resets in the handshake cannot be reached, and hears no name`(
        meddling: WireTap.Meddling
    ) throws {
        let tap = try WireTap(to: #require(Self.good.get().tcpPort), meddling)
        for error in failures(try endpoint(tap.port, verified())) { #expect(error?.kind == .unreachable) }
        #expect(tap.sent.firstRange(of: "teller".utf8) == nil)
    }

    /// Each byte gives libmariadb its whole time again.
    @Test(arguments: [WireTap.Meddling.dribble, .fallSilent])
    func `an attempt that is given up ends at once`(meddling: WireTap.Meddling) throws {
        let tap = try WireTap(to: #require(Self.good.get().tcpPort), meddling)
        var endpoint = try endpoint(tap.port, verified())
        endpoint.connectTimeoutSeconds = 3600
        let attempt = ConnectAttempt()
        let complaints = inParallel(2) { [endpoint] number in
            if number == 0 {
                return attempt.run(endpoint) == nil ? ["it has connected"] : []
            }
            // It is in the handshake.
            try eventually("the client has spoken") { !tap.sent.isEmpty }
            attempt.giveUp()
            return []
        }
        #expect(complaints.isEmpty)
        #expect(attempt.take() == nil)
    }

    @Test func `an account that demands a client's certificate gets it`() throws {
        let server = try Self.good.get()
        let root = try server.client()
        try root.execute("CREATE USER bearer IDENTIFIED BY '\(Self.password)' REQUIRE X509")
        let port = try #require(server.tcpPort)
        var tls = try verified()
        #expect(failures(endpoint(port, tls, user: "bearer")).map(\.?.errno) == [1045, 1045])
        tls.certificate = try Certificates.certificate(.client)
        tls.key = try Certificates.key(.client)
        #expect(failures(endpoint(port, tls, user: "bearer")) == [nil, nil])
    }
}
