import Configuration
import MariaDB
import Service
import Testing

/// What an operator is told to set after an error of connecting.
@Suite struct ConnectionAdviceTests {
    private func advice(
        _ errno: UInt32, _ message: String = "", _ change: (inout Settings.Database) -> Void
    ) -> String {
        var settings = Settings()
        settings.database.user = "teller"
        settings.database.name = "shop"
        change(&settings.database)
        let error = DatabaseError(errno: errno, message: message, kind: .refused)
        return Inspection.explanation(of: error, settings)
    }

    private func overTCP(_ database: inout Settings.Database) {
        database.servers = [.tcp(host: "db1.test", port: 3306)]
    }

    @Test func `a denied login may have other reasons than the password`() {
        let socket = advice(1698) { $0.servers = [.socket(path: "/run/s")] }
        #expect(socket.contains("no password was given"))
        #expect(socket.hasSuffix("only for the system's account of its name: sudo -u teller …"))
        let plain = advice(1045) {
            overTCP(&$0)
            $0.tls = .off
            $0.serverPublicKey = "/etc/key.pem"
        }
        #expect(plain.contains("; or '/etc/key.pem' is not the server's public key: compare it with"))
        #expect(plain.hasSuffix("; an account with REQUIRE SSL needs database.tls"))
        #expect(advice(1045, "", overTCP).hasSuffix("; an account with REQUIRE X509 needs database.tls_cert"))
    }

    @Test func `what failed in TLS decides what is to be done`() {
        func verified(_ message: String) -> String {
            advice(2026, message) {
                overTCP(&$0)
                $0.tls = .verifyIdentity
            }
        }
        #expect(verified("certificate has expired").hasSuffix("valid now, or this machine's clock is wrong"))
        #expect(verified("Connection timed out (110)").hasSuffix("timed out (110)"), "nothing to be set")
        #expect(verified("self-signed certificate").contains("name the CA of the server's certificate in"))
        #expect(verified("SSL is required, but the server does not support it").contains("turn TLS on at"))
        #expect(
            advice(2026, "self-signed certificate", overTCP).contains("database.tls is not set, which is"))
        let vanished = advice(2026, "File '/k' not found (Errcode: 1)") {
            overTCP(&$0)
            ($0.tls, $0.tlsCA) = (.required, "/nonexistent/ca.pem")
        }
        #expect(vanished.contains("database.tls_ca '/nonexistent/ca.pem' cannot be used: No such file"))
    }

    @Test func `a login plugin that cannot be used over a Unix socket is not advised to use one`() {
        #expect(
            advice(5010) { $0.servers = [.socket(path: "/run/s")] }.contains(
                "give the account another plugin"))
        #expect(
            advice(5010) {
                overTCP(&$0)
                ($0.tls, $0.password) = (.off, Secret("x"))
            }.contains("set database.tls = \"verify_identity\""))
    }

    @Test func `a missing grant, and a server that demands TLS, are said to be so`() {
        #expect(
            advice(1044, "denied") { _ in }.hasSuffix(
                "GRANT SELECT ON `shop`.* to the account (a role counts only once it is its default role)"))
        #expect(advice(3159) { overTCP(&$0) }.hasSuffix("set database.tls"))
    }
}
