import Glibc
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Logging in to MySQL, whose plugins send the password in the clear over what they take for secure.
@Suite(
    .enabled(if: ServerProgram.mySQL.isAvailable, "there is no MySQL; Tests/bring-server.sh mysql brings it"),
    .serialized)
struct LoginTests {
    private static let password = "a secret of many words"
    private static let server = Result { () throws -> PrivateServer in
        let server = try PrivateServer(
            .mySQL, arguments: Certificates.arguments(.server) + ["--plugin-load-add=auth_socket.so"],
            tcpPort: PrivateServer.freePort())
        let root = try server.client()
        for plugin in ["caching_sha2_password", "sha256_password"] where try has(plugin, root) {
            try root.execute("CREATE USER \(plugin) IDENTIFIED WITH \(plugin) BY '\(password)'")
        }
        try root.execute("CREATE USER passwordless IDENTIFIED WITH caching_sha2_password")
        return server
    }

    private static func has(_ plugin: String, _ client: BlockingClient) throws -> Bool {
        let rows = try client.strings(
            "SELECT 1 FROM information_schema.PLUGINS WHERE PLUGIN_NAME = '\(plugin)' "
                + "AND PLUGIN_STATUS = 'ACTIVE'")
        return !rows.isEmpty
    }

    private let server: PrivateServer
    private let port: UInt16
    private let root: BlockingClient

    init() throws {
        server = try Self.server.get()
        port = try #require(server.tcpPort)
        root = try server.client()
    }

    /// Lets the server forget which passwords it has seen, so that the next login must tell the password.
    private func forget() throws { try root.execute("FLUSH PRIVILEGES") }

    private func overSocket(_ user: String, password: String = password) -> Endpoint {
        Endpoint(.socket(path: server.socketPath), user: user, password: password)
    }

    private func overTCP(
        _ user: String, password: String = password, port: UInt16? = nil, tls: TLS? = nil, key: String? = nil
    ) -> Endpoint {
        var endpoint = Endpoint(
            .tcp(address: "127.0.0.1", port: port ?? self.port), user: user, password: password,
            connectTimeoutSeconds: 5)
        endpoint.tls = tls
        endpoint.serverPublicKey = key
        return endpoint
    }

    private func plugins() throws -> [String] {
        try ["caching_sha2_password", "sha256_password"].filter { try Self.has($0, root) }
    }

    @Test func `every plugin logs in over a Unix socket, whatever the server remembers`() throws {
        for plugin in try plugins() {
            try forget()
            for _ in ["cold", "warm"] {
                let connection = try connected(overSocket(plugin))
                #expect(text(connection.run("SELECT USER()").rows) == [["\(plugin)@localhost"]])
                _ = try BlockingClient(overSocket(plugin))
            }
        }
    }

    @Test func `an account with auth_socket needs no password`() throws {
        let own = String(cString: getpwuid(geteuid()).pointee.pw_name)
        try root.execute("CREATE USER socketeer IDENTIFIED WITH auth_socket AS '\(own)'")
        let client = try BlockingClient(overSocket("socketeer", password: ""))
        #expect(try client.strings("SELECT USER()") == [["socketeer@localhost"]])
    }

    @Test func `over verified TLS every plugin logs in, and the wire shows no password`() throws {
        let tap = try WireTap(to: port)
        let tls = TLS(.identity("db.test"), ca: try Certificates.authority)
        for plugin in try plugins() {
            try forget()
            for _ in ["cold", "warm"] {
                let client = try BlockingClient(overTCP(plugin, port: tap.port, tls: tls))
                #expect(try client.strings("SHOW STATUS LIKE 'Ssl_cipher'").first?[1]?.isEmpty == false)
            }
        }
        #expect(tap.sent.firstRange(of: Self.password.utf8) == nil)
        #expect(tap.sent.firstRange(of: "caching_sha2_password".utf8) == nil, "not even the login itself")
    }

    @Test(.enabled(if: Endpoint.canUseServerPublicKey, "needs libmariadb 3.3.20"))
    func `with the server's public key every plugin logs in, and the wire shows no password`() throws {
        let tap = try WireTap(to: port)
        let key = try server.client().strings("SELECT @@datadir")[0][0].map { $0 + "public_key.pem" } ?? ""
        #expect(PEMFile.problemOfPublicKey(key) == nil)
        for plugin in try plugins() {
            try forget()
            for _ in ["cold", "warm"] {
                _ = try BlockingClient(overTCP(plugin, port: tap.port, key: key))
                _ = try connected(overTCP(plugin, port: tap.port, key: key))
            }
        }
        #expect(tap.sent.firstRange(of: Self.password.utf8) == nil)
        #expect(tap.sent.firstRange(of: "caching_sha2_password".utf8) != nil, "the tap hears the logins")
    }

    /// libmariadb would ask whoever answers for a public key, and believe it.
    @Test func `a key that is gone when it is needed ends the login`() throws {
        try forget()
        let tap = try WireTap(to: port)
        let endpoint = overTCP("caching_sha2_password", port: tap.port, key: "/nonexistent/key.pem")
        let error = #expect(throws: DatabaseError.self) { try BlockingClient(endpoint) }
        for error in [error, try refusal(endpoint)] {
            #expect(error?.kind == .refused)
            #expect(
                error?.message == "the server's public key '/nonexistent/key.pem' cannot be used: "
                    + "No such file or directory")
        }
        // Nothing as long as a password encrypted by RSA has gone out.
        #expect(tap.sent.count < 2 * 256)
    }

    @Test func `over plain TCP the plugins are refused before the login`() throws {
        let tap = try WireTap(to: port)
        for plugin in try plugins() {
            for endpoint in [
                overTCP(plugin, port: tap.port),
                overTCP(plugin, port: tap.port, tls: TLS(.chain, ca: try Certificates.authority)),
            ] {
                let error = #expect(throws: DatabaseError.self) { try BlockingClient(endpoint) }
                #expect(error?.errno == 5010)
                #expect(error?.message.contains("only over a Unix socket, over TLS that verifies") == true)
            }
        }
        #expect(tap.sent.isEmpty, "the server says its plugin first, and hears nothing")
    }

    @Test func `an empty password needs no protection`() throws {
        _ = try BlockingClient(overTCP("passwordless", password: ""))
        _ = try connected(overTCP("passwordless", password: ""))
    }

    @Test func `somebody in the middle who hides the server's TLS hears nothing`() throws {
        try forget()
        let tap = try WireTap(to: port, .hideTLS)
        for verification in [TLS.Verification.identity("db.test"), .chain] {
            let tls = TLS(verification, ca: try Certificates.authority)
            let error = #expect(throws: DatabaseError.self) {
                try BlockingClient(overTCP("passwordless", password: "", port: tap.port, tls: tls))
            }
            #expect(error?.errno == 2026)
        }
        #expect(tap.sent.isEmpty)
    }
}
