import Batching
package import Configuration
import Loading
import MariaDB
import Relations
import Time
package import Wire

// What each part needs of the settings, in its own words and units.

extension Endpoint {
    enum Purpose {
        /// Short queries of keys, which no other session must slow down or see changed.
        case loads
        /// The same, to see whether the server answers such queries.
        case look
        /// Reading `information_schema`.
        case schema
        /// What a program does that has no daemon in between.
        case application
    }

    /// A reading of the schema that takes longer has failed; the next one is tried in its time.
    fileprivate static let schemaPatienceSeconds: UInt32 = 30

    init(_ database: Settings.Database, at server: DatabaseServer, purpose: Purpose) {
        let transport: Transport =
            switch server {
            case .socket(let path): .socket(path: path)
            case .tcp(let host, let port): .tcp(address: host, port: UInt16(clamping: port))
            }
        self.init(
            transport, user: database.user, password: database.password.text, database: database.name,
            connectTimeoutSeconds: UInt32(database.connectTimeoutSeconds),
            sessionSetup: database.sessionSetup(purpose))
        if purpose == .schema { readTimeoutSeconds = Self.schemaPatienceSeconds }
    }
}

extension Settings.Database {
    /// - `sql_mode=''`: no `NO_BACKSLASH_ESCAPES` or `ANSI_QUOTES`, which would change how our SQL is read, and no
    ///   `NO_ZERO_DATE`, which would refuse zero dates as keys.
    /// - `time_zone`: `TIMESTAMP` is UTC on the wire.
    /// - `autocommit=1`: where the server's default is 0, our first `SELECT` would open a transaction that never ends.
    /// - `sql_select_limit`: the server's default would cut a batch short and say nothing.
    /// - `sql_big_selects=1`: what a key alone may ask, a batch may.
    /// - `eq_range_index_dive_limit=1`: an index dive per key would cost 10–30 % of the server's time for a query.
    /// - `max_statement_time`: 0 means never, whatever the server's default is.
    /// - A look's `max_statement_time` and `lock_wait_timeout`: it hears that a table is slow or locked before it takes the
    ///   server for silent.
    /// - `sql_quote_show_create=1`: without it, the check that makes a column JSON is told without backticks.
    /// - `lock_wait_timeout=1`: a table that somebody has locked must not stop the reading of all others; it is read later.
    /// - `wait_timeout`: the pool keeps its connections; the server need not end them.
    /// - `USE`: an `init_connect` of the server's, which runs after the login, may have gone to another database.
    fileprivate func sessionSetup(_ purpose: Endpoint.Purpose) -> [String] {
        var settings = [
            "NAMES utf8mb4", "sql_mode=''", "time_zone='+00:00'", "autocommit=1",
            "sql_select_limit=18446744073709551615", "sql_big_selects=1",
        ]
        if purpose != .application { settings += ["wait_timeout=31536000", "SESSION tx_read_only=1"] }
        switch purpose {
        case .loads, .look:
            settings += ["eq_range_index_dive_limit=1", "tx_isolation='READ-COMMITTED'"]
            settings +=
                purpose == .loads
                ? ["max_statement_time=\(statementTimeoutSeconds)"]
                : ["max_statement_time=\(Double(connectTimeoutSeconds) / 2)", "lock_wait_timeout=0"]
        case .schema:
            settings += [
                "max_statement_time=\(Endpoint.schemaPatienceSeconds)", "sql_quote_show_create=1",
                "lock_wait_timeout=1",
            ]
        case .application: break
        }
        return ["SET " + settings.joined(separator: ","), "USE \(SQLIdentifier.quoted(name))"]
    }

    /// Nanoseconds after which a server that should have ended a statement itself is given up.
    var statementPatience: Int64? {
        statementTimeoutSeconds > 0 ? (Int64(statementTimeoutSeconds) + 5) * 1_000_000_000 : nil
    }

    /// The same for connecting, which libmariadb should have given up itself.
    var connectPatience: Int64 { (Int64(connectTimeoutSeconds) + 1) * 1_000_000_000 }
}

extension Batcher.Limits {
    /// A mebibyte of keys is at most a few of SQL, far below any `max_allowed_packet`.
    private static let maxKeyBytes = 1 << 20

    init(_ settings: Settings) {
        self.init(
            maxKeyBytes: Self.maxKeyBytes, maxInFlight: settings.database.connections,
            isFrugal: settings.batching.mode == .frugal)
    }
}

extension QueryTemplates.Settings {
    init(_ settings: Settings) {
        self.init()
        let batching = settings.batching
        policy = BatchingPolicy(.init(), over: batching)
        policies = batching.relationships.mapValues { BatchingPolicy($0, over: batching) }
        bigIntegersAsStrings = settings.values.bigIntegers == .string
    }
}

extension BatchingPolicy {
    init(_ own: Settings.RelationshipBatching, over common: Settings.Batching) {
        self.init(
            window: TimeSpan(
                nanoseconds: Int64((own.windowMilliseconds ?? common.windowMilliseconds) * 1_000_000)),
            maxKeys: own.maxKeys ?? common.maxKeys, priority: own.priority)
    }
}

extension EngineLimits {
    init(_ settings: Settings) {
        self.init(
            maxReplyBytes: settings.limits.replyBytes,
            requestTimeout: .seconds(settings.limits.requestTimeoutSeconds),
            maxQueuedKeys: settings.batching.maxQueuedKeys,
            maxClientKeys: settings.batching.maxClientKeys, maxRows: settings.limits.requestRows,
            maxResultBytes: settings.limits.resultBytes,
            maxUnreadBytes: settings.limits.clientOutputBytes)
    }
}

extension RequestDecoder.Limits {
    package init(_ limits: Settings.Limits) {
        self.init(
            maxKeys: limits.requestKeys, includeDepth: limits.includeDepth,
            maxIncludes: limits.requestIncludes)
    }
}

extension ClientFrontend.Limits {
    init(_ settings: Settings, maxClients: Int) {
        self.init(
            maxLineBytes: settings.limits.lineBytes, lineTimeoutSeconds: settings.limits.lineTimeoutSeconds,
            sendTimeoutSeconds: settings.limits.sendTimeoutSeconds,
            requests: .init(settings.limits),
            maxClients: maxClients,
            maxUnreadBytes: Self.maxUnreadBytes(refusedFrom: settings.limits.clientOutputBytes))
    }
}
