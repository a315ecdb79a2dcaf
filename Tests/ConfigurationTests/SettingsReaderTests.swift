import Configuration
import Testing

struct SettingsReaderTests {
    @Test func `a setting that the file leaves out has its default`() throws {
        var expected = Settings()
        expected.listen.unix = "/run/k.sock"
        expected.database.socket = "/run/m.sock"
        expected.database.name = "library"
        #expect(try read(minimalFile) == expected)
    }

    @Test func `every setting is read`() throws {
        let settings = try read(
            """
            listen = { unix = "/s", mode = "600", group = "root", tcp = "[::1]:7", tcp_public = true, max_clients = 3 }
            database.host = "db"
            database.port = 3307
            database.tls = "verify_identity"
            database.tls_ca = "ca"
            database.tls_cert = "cert"
            database.tls_key = "key"
            database.user = "u"
            database.name = "n"
            database.connections = 64
            database.connect_timeout_s = 1
            database.statement_timeout_s = 0
            [batching]
            window_ms = 2
            max_keys = 900
            max_queued_keys = 7
            mode = "frugal"
            client_weights = { root = 64 }
            "authors.books" = { window_ms = 5, max_keys = 2, priority = -10 }
            [limits]
            line_bytes = 4_096
            request_keys = 0x10
            reply_bytes = 5000
            [values]
            big_integers = "string"
            [catalog]
            discover = false
            refresh_s = 0
            [service]
            drain_timeout_s = 9
            log_level = "trace"
            """)
        #expect(settings.listen.mode.description == "0600" && settings.listen.group == "root")
        #expect(settings.listen.tcp == HostAndPort(host: "::1", port: 7) && settings.listen.maxClients == 3)
        #expect(settings.database.candidates == [.tcp(host: "db", port: 3307)])
        #expect(settings.database.tls == .verifyIdentity && settings.database.tlsCA == "ca")
        #expect(settings.database.tlsCertificate == "cert" && settings.database.tlsKey == "key")
        #expect(settings.database.user == "u" && settings.database.connections == 64)
        #expect(
            settings.database.connectTimeoutSeconds == 1 && settings.database.statementTimeoutSeconds == 0)
        #expect(settings.batching.windowMilliseconds == 2.0 && settings.batching.maxKeys == 900)
        #expect(settings.batching.maxQueuedKeys == 7 && settings.batching.mode == .frugal)
        #expect(settings.batching.clientWeights == ["root": 64])
        let own = settings.batching.relationships["authors.books"]
        #expect(own?.windowMilliseconds == 5 && own?.maxKeys == 2 && own?.priority == -10)
        #expect(settings.limits.lineBytes == 4096 && settings.limits.requestKeys == 16)
        #expect(settings.limits.replyBytes == 5000 && settings.values.bigIntegers == .string)
        #expect(!settings.catalog.discover && settings.catalog.refreshSeconds == 0)
        #expect(settings.service.drainTimeoutSeconds == 9 && settings.service.logLevel == .trace)
    }

    @Test(arguments: [
        ("[batchign]", "6: unknown table 'batchign'; did you mean 'batching'?"),
        ("[batching]\nmax_key = 1", "7: unknown setting 'batching.max_key'; did you mean 'max_keys'?"),
        ("[batching]\nzzzzzzzz = 1", "7: unknown setting 'batching.zzzzzzzz'"),
        ("[[limits]]", "6: 'limits' must be a table: write [limits] on a line of its own"),
        ("[batching]\nmax_keys = 901", "7: batching.max_keys is 901; expected integer, 1 to 900"),
        ("[batching]\nmax_keys = 1.0", "7: batching.max_keys is 1.0; expected integer, 1 to 900"),
        ("[batching]\nmax_keys = \"9\"", "7: batching.max_keys is \"9\"; expected integer, 1 to 900"),
        ("[batching]\nwindow_ms = nan", "7: batching.window_ms is nan; expected number, 0.0 to 1000.0"),
        ("[batching]\nwindow_ms = -1", "7: batching.window_ms is -1; expected number, 0.0 to 1000.0"),
        (
            "[batching.client_weights]\nroot = 65",
            "7: the weight of 'root' is 65; expected an integer, 1 to 64"
        ),
        (
            "[batching.client_weights]\n\"no such user\" = 2",
            "7: this machine has no user 'no such user'"
        ),
        (
            "[batching.books]\nmax_keys = 2",
            "6: 'books' is no setting and no name of a relationship: write \"table.name\""
        ),
        (
            "[batching.\"authors.books\"]\nmax_key = 2",
            "7: unknown setting 'max_key' of 'authors.books'; did you mean 'max_keys'?"
        ),
        (
            "[batching.\"authors.books\"]\npriority = 11",
            "7: priority is 11; expected integer, -10 to 10"
        ),
        ("[catalog]\ndiscover = 1", "7: catalog.discover is 1; expected true or false"),
        (
            "[catalog]\nrefresh_s = 2026-11-22",
            "7: catalog.refresh_s is a date or time; expected integer, 0 to 3600"
        ),
        (
            "[values]\nbig_integers = \"text\"",
            "7: values.big_integers is \"text\"; expected \"number\" or \"string\""
        ),
        ("[catalog]\ndiscover = true\ndiscover = true", "8: not TOML: "),
        ("[catalog]\ndiscover = yes", "7: not TOML: "),
        ("a\0b", "6: not TOML: \\u0000 behind a key, where '=' should follow"),
        ("relationships = 1", "6: unknown setting 'database.relationships'"),
    ])
    func `a fault has its line and says what to do`(addition: String, expected: String) {
        let found = faults(minimalFile + addition)
        #expect(found.count == 1 && found.first?.hasPrefix(expected) == true, "\(found)")
        if !expected.hasSuffix(" ") { #expect(found == [expected]) }
    }

    @Test func `all faults of a file are reported together, in the order of its lines`() {
        let found = faults(
            """
            [service]
            log_level = "loud"
            [listen]
            mode = "0999"
            group = ""
            [database]
            conections = 3
            port = 0
            password = "x"
            """)
        #expect(
            found == [
                "2: service.log_level is \"loud\"; expected \"trace\" or \"debug\" or \"info\" or \"notice\" or "
                    + "\"warning\" or \"error\" or \"critical\"",
                "3: nothing to listen on: set listen.unix or listen.tcp, or start from a systemd socket",
                "4: listen.mode is \"0999\"; expected octal string, \"0000\" to \"0777\"",
                "5: listen.group is \"\"; expected string, not empty",
                "6: database.name is missing: name the database whose tables are served",
                "6: no database server: set database.socket, database.host or database.servers",
                "7: unknown setting 'database.conections'; did you mean 'connections'?",
                "8: database.port is 0; expected integer, 1 to 65535",
                "9: a password does not stand in this file: name a file in database.password_file, or give the "
                    + "systemd credential 'database-password', or set KINDRED_DATABASE_PASSWORD in the environment",
            ])
    }

    @Test func `an empty file lacks three things, and a socket from systemd is enough to listen`() {
        #expect(faults("").count == 3)
        #expect(faults("", environment: ["LISTEN_FDS": "1"]).count == 2)
        #expect(faults("", environment: ["LISTEN_FDS": "0"]).count == 3)
    }

    @Test(
        arguments: [
            ("127.0.0.1:1", nil), ("127.8.9.10:1", nil), ("localhost:1", nil), ("[::1]:1", nil),
            ("0.0.0.0:1", "is not a loopback"), ("[::]:1", "is not a loopback"),
            ("db:1", "is not a loopback"),
            ("127.evil.example.org:1", "is not a loopback"), ("127.0.0.1.nip.io:1", "is not a loopback"),
            ("::1:1", "expected string"), ("localhost", "expected string"), (":1", "expected string"),
            ("localhost:0", "expected string"), ("localhost:65536", "expected string"),
            ("[localhost]:1", "expected string"),
        ] as [(String, String?)])
    func `TCP stays on this machine unless it is said to be public`(address: String, problem: String?) {
        let found =
            faults(minimalFile + "[listen.x]").count + faults("listen.tcp = \"\(address)\"\n" + server).count
        #expect(found == (problem == nil ? 1 : 2))
        let told = faults("listen.tcp = \"\(address)\"\n" + server).first
        #expect((told == nil) == (problem == nil))
        if let problem { #expect(told?.hasPrefix("1: ") == true && told?.contains(problem) == true) }
        let open = faults("listen = { tcp = \"\(address)\", tcp_public = true }\n" + server)
        #expect(open.isEmpty == (problem != "expected string"))
    }

    private let server = "[database]\nhost = \"h\"\nname = \"n\""

    @Test func `the server is a socket or a host, not both`() {
        let both = faults(minimalFile + "host = \"h\"")
        #expect(both == ["6: database.socket and database.host are set: keep one of them"])
        let port = faults(minimalFile + "port = 3306")
        #expect(port == ["6: database.port goes with database.host, not with database.socket"])
    }

    @Test func `several servers are a list in the order of preference`() throws {
        let list = "servers = [\"db1\", \"db2:3307\", \"[::1]\", \"[::1]:5\", \"/run/m.sock\"]"
        let text = minimalFile.replacing("socket = \"/run/m.sock\"", with: list)
        let settings = try read(text + "max_lag_s = 5\ncheck_interval_s = 1")
        #expect(
            settings.database.candidates == [
                .tcp(host: "db1", port: 3306), .tcp(host: "db2", port: 3307), .tcp(host: "::1", port: 3306),
                .tcp(host: "::1", port: 5), .socket(path: "/run/m.sock"),
            ])
        #expect(settings.database.maxLagSeconds == 5 && settings.database.checkIntervalSeconds == 1)
    }

    @Test(arguments: [
        "[]", "\"db1\"", "[1]", "[\"\"]", "[\"db1\", \"db1:3306\"]", "[\"db1:0\"]", "[\"::1\"]",
    ])
    func `a value that is not a list of servers is refused`(value: String) {
        let found = faults("[listen]\nunix = \"/s\"\n[database]\nname = \"n\"\nservers = \(value)")
        #expect(found.count == 1)
        #expect(
            found.first?.contains("database.servers is \(value); expected list of strings") == true,
            "\(found)")
    }

    @Test(arguments: [
        ("/run/m.sock", "a path is that of a Unix socket: name it in database.socket"),
        ("[::1]", "an IPv6 address stands without brackets"),
        ("db1:3306", "a port stands in database.port"),
    ])
    func `a host that no resolver could find is refused with what to write`(host: String, advice: String) {
        let found = faults("[listen]\nunix = \"/s\"\n[database]\nname = \"n\"\nhost = \"\(host)\"")
        #expect(found == ["5: database.host is \"\(host)\"; \(advice)"])
    }

    @Test func `database.servers excludes socket and host, and max_lag_s needs it`() {
        let both = faults(minimalFile + "servers = [\"db1\"]")
        #expect(both == ["6: database.socket and database.servers are set: keep one of them"])
        let lag = faults(minimalFile + "max_lag_s = 1")
        #expect(
            lag == [
                "6: database.max_lag_s chooses among several database.servers, and there is one"
            ])
    }

    @Test func `a file that is not there is one fault`() {
        let path = "/nonexistent/kindred.toml"
        #expect(throws: ConfigurationFaults.self) { try SettingsReader.read(path: path, environment: [:]) }
        do {
            _ = try SettingsReader.read(path: path, environment: [:])
        } catch {
            #expect(error.description == "\(path): cannot read the configuration: no such file")
        }
    }

    @Test func `settings that a reload cannot apply are named`() throws {
        let old = try read(minimalFile)
        let same = try read(minimalFile + "connect_timeout_s = 9\n[batching]\nmax_keys = 3", environment: [:])
        #expect(same.unreloadableChanges(since: old) == [])
        let new = try read(minimalFile.replacing("/run/k.sock", with: "/k") + "connections = 5")
        #expect(new.unreloadableChanges(since: old) == ["listen.unix", "database.connections"])
    }
}
