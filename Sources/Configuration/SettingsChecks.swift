import Glibc
import TOML

/// Checks what cannot be seen from one setting alone: required settings, settings that exclude each other,
/// the system.
struct SettingsChecks {
    let document: [String: TOMLValue]
    let environment: [String: String]

    /// Whether the file has the setting, with a good value or a wrong one.
    private func isSet(_ group: String, _ name: String) -> Bool {
        guard case .table(let members) = document[group] else { return false }
        return members[name] != nil
    }

    func run(on settings: Settings, _ faults: inout FaultCollector) {
        checkListeners(settings.listen, &faults)
        checkServer(settings.database, &faults)
        checkTLS(settings.database, &faults)
        checkLimits(settings.limits, &faults)
        if !isSet("database", "name") {
            faults.add(["database"], "database.name is missing: name the database whose tables are served")
        }
    }

    private func checkLimits(_ limits: Settings.Limits, _ faults: inout FaultCollector) {
        if limits.clientOutputBytes < limits.replyBytes {
            faults.add(
                ["limits", isSet("limits", "client_output_bytes") ? "client_output_bytes" : "reply_bytes"],
                "limits.client_output_bytes = \(limits.clientOutputBytes) is less than limits.reply_bytes = "
                    + "\(limits.replyBytes): the longest reply could not be sent")
        }
    }

    private func checkListeners(_ listen: Settings.Listen, _ faults: inout FaultCollector) {
        // sd_listen_fds(3): systemd hands over the sockets and says how many.
        let activated = environment["LISTEN_FDS"].flatMap { Int($0) } ?? 0 > 0
        if !activated, !isSet("listen", "unix"), !isSet("listen", "tcp") {
            faults.add(
                ["listen"],
                "nothing to listen on: set listen.unix or listen.tcp, or start from a systemd socket")
        }
        // sun_path in unix(7): 108 bytes, one of them for the final zero.
        if let path = listen.unix, path.utf8.count > 107 {
            faults.add(
                ["listen", "unix"], "listen.unix has \(path.utf8.count) bytes; a socket's path may have 107")
        }
        if let group = listen.group, getgrnam(group) == nil {
            faults.add(["listen", "group"], "no group '\(group)'; create it, or change listen.group")
        }
        if let tcp = listen.tcp, !tcp.isLoopback, !listen.tcpPublic {
            faults.add(
                ["listen", "tcp"],
                "listen.tcp '\(tcp)' is not a loopback address (127.0.0.0/8, ::1, localhost): other machines could "
                    + "read the database; set listen.tcp_public = true if they may")
        }
    }

    private func checkServer(_ database: Settings.Database, _ faults: inout FaultCollector) {
        let places = ["socket", "host", "servers"].filter { isSet("database", $0) }
        if places.isEmpty {
            faults.add(
                ["database"], "no database server: set database.socket, database.host or database.servers")
        }
        if places.count > 1 {
            let names = places.map { "database.\($0)" }.joined(separator: " and ")
            faults.add(["database", places[1]], "\(names) are set: keep one of them")
        }
        if isSet("database", "port"), !places.isEmpty, !places.contains("host") {
            faults.add(
                ["database", "port"],
                "database.port goes with database.host, not with database.\(places[0])")
        }
        checkHost(database.host ?? "", &faults)
        if database.maxLagSeconds > 0, database.candidates.count == 1 {
            faults.add(
                ["database", "max_lag_s"],
                "database.max_lag_s chooses among several database.servers, and there is one")
        }
    }

    /// What looks like a path, like an address in brackets or like a host with a port would be looked up as a
    /// name, and not be found.
    private func checkHost(_ host: String, _ faults: inout FaultCollector) {
        let instead: String
        if host.hasPrefix("/") {
            instead = "a path is that of a Unix socket: name it in database.socket"
        } else if host.hasPrefix("[") {
            instead = "an IPv6 address stands without brackets"
        } else if let colon = host.firstIndex(of: ":"), host.lastIndex(of: ":") == colon {
            instead = "a port stands in database.port"
        } else {
            return
        }
        faults.add(["database", "host"], "database.host is \"\(host.excerpt)\"; \(instead)")
    }

    /// Settings that would have no effect are faults, because somebody relies on them.
    private func checkTLS(_ database: Settings.Database, _ faults: inout FaultCollector) {
        let modes = database.candidates.map(database.tls)
        if let tls = database.tls, tls != .off, !modes.contains(tls) {
            faults.add(
                ["database", "tls"],
                "database.tls = \"\(tls.rawValue)\" is for servers over TCP; a Unix socket needs no encryption: "
                    + "take it out")
        } else if !modes.contains(where: { $0 != .off }) {
            for name in ["tls_ca", "tls_cert", "tls_key"] where isSet("database", name) {
                faults.add(
                    ["database", name],
                    "database.\(name) has no effect without TLS: set database.tls = \"verify_identity\", or take it out"
                )
            }
        }
        for (name, other) in [("tls_cert", "tls_key"), ("tls_key", "tls_cert")]
        where isSet("database", name) && !isSet("database", other) {
            faults.add(
                ["database", name],
                "database.\(name) goes with database.\(other); if one file has both, name it in both")
        }
        let usesPublicKey = database.candidates.contains { server in
            if case .tcp = server { database.tls(at: server) == .off } else { false }
        }
        if isSet("database", "server_public_key"), !usesPublicKey {
            faults.add(
                ["database", "server_public_key"],
                "database.server_public_key is for a login over TCP without TLS, and there is none: take it out"
            )
        }
    }

    /// Reads the password from `password_file`, else from `$CREDENTIALS_DIRECTORY/database-password`
    /// (systemd's `LoadCredential=`), else from `$KINDRED_DATABASE_PASSWORD`; else it is empty.
    func readPassword(for settings: inout Settings, _ faults: inout FaultCollector) {
        let found: (text: String, source: Settings.PasswordSource)
        if let file = settings.database.passwordFile {
            switch FileText.readSecret(file) {
            case .success(let text): found = (text, .file(path: file))
            case .failure(let problem):
                return faults.add(
                    ["database", "password_file"], "database.password_file \(problem.message)")
            }
        } else if let path = environment["CREDENTIALS_DIRECTORY"].map({ $0 + "/database-password" }),
            FileText.exists(path)
        {
            switch FileText.readLine(path) {
            case .success(let text): found = (text, .credential)
            case .failure(let problem):
                return faults.add(["database"], "the systemd credential \(problem.message)")
            }
        } else if let text = environment["KINDRED_DATABASE_PASSWORD"], !text.isEmpty {
            found = (text, .environment)
        } else {
            return
        }
        settings.database.password = Secret(found.text)
        settings.database.passwordSource = found.source
    }
}
