import Configuration
import Testing

/// When connections to the database are encrypted, and settings of it that have no effect.
struct TLSSettingsTests {
    private func file(_ settings: String...) -> String {
        "listen.unix = \"/s\"\n[database]\nname = \"n\"\n" + settings.joined(separator: "\n")
    }

    private func modes(_ settings: String...) throws -> [Settings.TLSMode] {
        let database = try read(file(settings.joined(separator: "\n"))).database
        return database.candidates.map(database.tls)
    }

    @Test func `TLS is off on this machine, and verifies the server elsewhere`() throws {
        for here in ["localhost", "127.0.0.1", "127.3.2.1", "::1"] {
            #expect(try modes("host = \"\(here)\"") == [.off], "\(here)")
        }
        for there in ["db", "10.0.0.1", "localhost.example.org", "128.0.0.1", "::ffff:127.0.0.1", "::2"] {
            #expect(try modes("host = \"\(there)\"") == [.verifyIdentity], "\(there)")
        }
        #expect(try modes("socket = \"/m\"") == [.off])
        #expect(try modes("servers = [\"/m\", \"localhost\", \"db\"]") == [.off, .off, .verifyIdentity])
    }

    @Test func `what is set holds for every server over TCP, and for no Unix socket`() throws {
        let list = "servers = [\"/m\", \"localhost\", \"db\"]"
        #expect(try modes(list, "tls = \"required\"") == [.off, .required, .required])
        #expect(try modes(list, "tls = \"off\"") == [.off, .off, .off])
    }

    @Test func `a setting that would have no effect is a fault`() {
        #expect(
            faults(file("socket = \"/m\"", "tls = \"required\"")) == [
                "5: database.tls = \"required\" is for servers over TCP; a Unix socket needs no encryption: take it out"
            ])
        for name in ["tls_ca", "tls_cert", "tls_key"] {
            let faults = faults(file("host = \"localhost\"", "\(name) = \"/f\""))
            #expect(
                faults.contains { $0.contains("database.\(name) has no effect without TLS") }, "\(faults)")
        }
        for host in ["socket = \"/m\"", "host = \"db\"", "host = \"localhost\"\ntls = \"required\""] {
            let faults = faults(file(host, "server_public_key = \"/f\""))
            #expect(faults.first?.contains("is for a login over TCP without TLS") == true, "\(faults)")
        }
        #expect(faults(file("host = \"localhost\"", "server_public_key = \"/f\"")).isEmpty)
    }

    @Test(arguments: [("tls_cert", "tls_key"), ("tls_key", "tls_cert")])
    func `a certificate needs its key, and a key its certificate`(name: String, other: String) {
        #expect(
            faults(file("host = \"db\"", "\(name) = \"/f\"")) == [
                "5: database.\(name) goes with database.\(other); if one file has both, name it in both"
            ])
    }
}
