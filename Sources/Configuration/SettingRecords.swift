extension SettingRecord {
    /// Every setting but the relationships, by group, in the order of the example file.
    package static let all = listen + database + batching + limits + values + catalog + service

    package static let groups = ["listen", "database", "batching", "limits", "values", "catalog", "service"]

    private static let listen = [
        SettingRecord(
            "listen", "unix", \.listen.unix, .optional(.text), reloadable: false,
            example: "\"/run/kindred/kindred.sock\"", setInExample: true,
            "Path of the Unix socket for clients."),
        SettingRecord(
            "listen", "mode", \.listen.mode, .mode, reloadable: false,
            "Permissions of the Unix socket, in octal."),
        SettingRecord(
            "listen", "group", \.listen.group, .optional(.text), reloadable: false, example: "\"www-data\"",
            "Group that owns the Unix socket."),
        SettingRecord(
            "listen", "tcp", \.listen.tcp, .optional(.hostAndPort), reloadable: false,
            example: "\"127.0.0.1:7654\"",
            "TCP address for clients, a loopback address unless tcp_public is true."),
        SettingRecord(
            "listen", "tcp_public", \.listen.tcpPublic, .boolean, reloadable: false,
            "Allows a TCP address that other machines can reach; whoever reaches it can read every relationship."
        ),
        SettingRecord(
            "listen", "max_clients", \.listen.maxClients, .integer(1...1_000_000), unit: "clients",
            reloadable: true,
            "Clients connected at one time; further ones are refused."),
    ]

    private static let database = [
        SettingRecord(
            "database", "socket", \.database.socket, .optional(.text), reloadable: false,
            example: "\"/run/mysqld/mysqld.sock\"", setInExample: true,
            "Path of the server's Unix socket; set this, host or servers."),
        SettingRecord(
            "database", "host", \.database.host, .optional(.text), reloadable: false,
            example: "\"db.example.org\"",
            "Host of the server, reached over TCP; set this, socket or servers."),
        SettingRecord(
            "database", "port", \.database.port, .integer(1...65535), reloadable: false,
            "TCP port of the server, with host."),
        SettingRecord(
            "database", "servers", \.database.servers, .optional(.servers), reloadable: false,
            example: "[\"db1.example.org\", \"db2.example.org:3307\"]",
            "Servers with the same data, in the order of preference: the first that is well is used."),
        SettingRecord(
            "database", "check_interval_s", \.database.checkIntervalSeconds, .integer(1...3600), unit: "s",
            reloadable: true,
            "Time between two looks at each of several servers, for which each gets a connection of a moment."
        ),
        SettingRecord(
            "database", "max_lag_s", \.database.maxLagSeconds, .integer(0...86_400), unit: "s",
            reloadable: true,
            "Lag beyond which one of several servers, a replica, is not used if another is well; 0 is not looked at."
        ),
        SettingRecord(
            "database", "tls", \.database.tls, .optional(.choice), reloadable: false,
            example: "\"verify_identity\"",
            "Encryption over TCP; required does not ask who the server is. Default: off on this machine, else verify_identity."
        ),
        SettingRecord(
            "database", "tls_ca", \.database.tlsCA, .optional(.text), reloadable: true,
            example: "\"/etc/kindred/database-ca.pem\"",
            "PEM file with the CAs that are trusted to certify the server; without it those of the system."),
        SettingRecord(
            "database", "tls_cert", \.database.tlsCertificate, .optional(.text), reloadable: true,
            example: "\"/etc/kindred/client-cert.pem\"",
            "PEM file with a certificate for a server that wants one of its clients; with tls_key."),
        SettingRecord(
            "database", "tls_key", \.database.tlsKey, .optional(.text), reloadable: true,
            example: "\"/etc/kindred/client-key.pem\"",
            "PEM file with the key of tls_cert, for nobody else to read."),
        SettingRecord(
            "database", "server_public_key", \.database.serverPublicKey, .optional(.text), reloadable: true,
            example: "\"/etc/kindred/server-public-key.pem\"",
            "PEM file with the server's public key, by which a login over TCP without TLS encrypts the password."
        ),
        SettingRecord(
            "database", "user", \.database.user, .text, reloadable: false,
            "Account on the server; SELECT is all it needs."),
        SettingRecord(
            "database", "password_file", \.database.passwordFile, .optional(.text), reloadable: true,
            example: "\"/etc/kindred/database-password\"", setInExample: true,
            "File that holds the account's password, for nobody else to read; take it out if there is none."),
        SettingRecord(
            "database", "name", \.database.name, .text, reloadable: false, example: "\"shop\"",
            setInExample: true,
            "Database whose tables are served; required."),
        SettingRecord(
            "database", "connections", \.database.connections, .integer(1...64), unit: "connections",
            reloadable: false,
            "Connections to the server, each with one query at a time; looking at the schema takes one more."),
        SettingRecord(
            "database", "connect_timeout_s", \.database.connectTimeoutSeconds, .integer(1...3600), unit: "s",
            reloadable: true, "Time in which a connection must come about."),
        SettingRecord(
            "database", "statement_timeout_s", \.database.statementTimeoutSeconds, .integer(0...86_400),
            unit: "s",
            reloadable: true,
            "Time after which the server gives up a query, on connections made from then on; 0 is never."),
    ]

    private static let batching = [
        SettingRecord(
            "batching", "window_ms", \.batching.windowMilliseconds, .number(0...1000), unit: "ms",
            reloadable: true,
            "The longest that a key waits for company while a connection is free; an idle daemon does not wait."
        ),
        SettingRecord(
            "batching", "mode", \.batching.mode, .choice, reloadable: true,
            "How long keys wait: as long as it gains something, or (frugal) the whole window for fewer queries."
        ),
        SettingRecord(
            "batching", "max_keys", \.batching.maxKeys, .integer(1...900), unit: "keys", reloadable: true,
            "Keys in one query; a full batch does not wait."),
        SettingRecord(
            "batching", "max_queued_keys", \.batching.maxQueuedKeys, .integer(1...1_000_000_000),
            unit: "keys",
            reloadable: true,
            "Keys of all requests that have no answer yet; further loads are refused as overloaded."),
        SettingRecord(
            "batching", "max_client_keys", \.batching.maxClientKeys, .integer(1...1_000_000_000),
            unit: "keys", reloadable: true,
            "The same, of one client's requests."),
    ]

    private static let limits = [
        SettingRecord(
            "limits", "line_bytes", \.limits.lineBytes, .integer(1024...(1 << 30)), unit: "bytes",
            reloadable: true,
            "Length of one request line."),
        SettingRecord(
            "limits", "line_timeout_s", \.limits.lineTimeoutSeconds, .integer(1...3600), unit: "s",
            reloadable: true,
            "Time from a line's first byte to its end; a client that takes longer is disconnected."),
        SettingRecord(
            "limits", "request_keys", \.limits.requestKeys, .integer(1...1_000_000), unit: "keys",
            reloadable: true,
            "Keys in one request."),
        SettingRecord(
            "limits", "request_rows", \.limits.requestRows, .integer(1...1_000_000_000), unit: "rows",
            reloadable: true,
            "Rows of one request, those that it includes among them."),
        SettingRecord(
            "limits", "include_depth", \.limits.includeDepth, .integer(0...24), unit: "levels",
            reloadable: true,
            "Levels of include within one another."),
        SettingRecord(
            "limits", "request_includes", \.limits.requestIncludes, .integer(0...10_000), unit: "includes",
            reloadable: true,
            "Relationships that one request includes, at all levels."),
        SettingRecord(
            "limits", "reply_bytes", \.limits.replyBytes, .integer(1024...(1 << 32)), unit: "bytes",
            reloadable: true,
            "Length of one reply line."),
        SettingRecord(
            "limits", "client_output_bytes", \.limits.clientOutputBytes, .integer(1024...(1 << 40)),
            unit: "bytes", reloadable: true,
            "Replies that a client has not read; further ones are refused as overloaded. Not less than reply_bytes."
        ),
        SettingRecord(
            "limits", "send_timeout_s", \.limits.sendTimeoutSeconds, .integer(1...3600), unit: "s",
            reloadable: true,
            "Time in which a client that asks nothing more must read 1 MiB of its replies, or all; else it is disconnected."
        ),
        SettingRecord(
            "limits", "result_bytes", \.limits.resultBytes, .integer((1 << 20)...(1 << 40)), unit: "bytes",
            reloadable: true,
            "Memory for waiting requests, rows and unsent replies of all; beyond it loads are refused as overloaded."
        ),
        SettingRecord(
            "limits", "request_timeout_s", \.limits.requestTimeoutSeconds, .integer(1...3600), unit: "s",
            reloadable: true, "Time after which a request that has no answer gets the error timeout."),
    ]

    private static let values = [
        SettingRecord(
            "values", "big_integers", \.values.bigIntegers, .choice, reloadable: true,
            "How integers beyond ±2^53 are written, which some JSON readers would round.")
    ]

    private static let catalog = [
        SettingRecord(
            "catalog", "discover", \.catalog.discover, .boolean, reloadable: true,
            "Makes relationships from the schema's foreign keys."),
        SettingRecord(
            "catalog", "refresh_s", \.catalog.refreshSeconds, .integer(0...3600), unit: "s", reloadable: true,
            "Time between two looks at the schema; 0 is only at start and on reload."),
    ]

    private static let service = [
        SettingRecord(
            "service", "drain_timeout_s", \.service.drainTimeoutSeconds, .integer(0...3600), unit: "s",
            reloadable: true, "Time that a stop waits for replies that are owed."),
        SettingRecord(
            "service", "log_level", \.service.logLevel, .choice, reloadable: false,
            "The least that is logged; debug has every query, trace also its SQL with the values of clients."
        ),
    ]
}
