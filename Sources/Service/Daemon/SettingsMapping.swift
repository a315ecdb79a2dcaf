import Batching
package import Configuration
import Loading
import MariaDB
import Relations
import Time
package import Wire

// What each part of the daemon needs of the settings, in that part's words and units.

extension Endpoint {
    /// What a connection is for, see `SessionPurpose`.
    enum Purpose {
        case loads
        case healthCheck
        case schema
        case application
    }

    /// Seconds after which a reading of the schema has failed; it is tried again later.
    private static let schemaTimeoutSeconds = 30

    init(_ database: Settings.Database, at server: DatabaseServer, purpose: Purpose) {
        let transport: Transport =
            switch server {
            case .socket(let path): .socket(path: path)
            case .tcp(let host, let port): .tcp(address: host, port: UInt16(clamping: port))
            }
        let session: SessionPurpose =
            switch purpose {
            case .loads: .loads(statementSeconds: database.statementTimeoutSeconds)
            case .healthCheck: .healthCheck(statementSeconds: Double(database.connectTimeoutSeconds) / 2)
            case .schema: .schema(statementSeconds: Self.schemaTimeoutSeconds)
            case .application: .application
            }
        self.init(
            transport, user: database.user, password: database.password.text, database: database.name,
            connectTimeoutSeconds: UInt32(database.connectTimeoutSeconds),
            sessionSetup: SessionSetup.statements(
                for: session, database: SQLIdentifier.quoted(database.name)))
        tls = TLS(database, at: server)
        if case .tcp = transport, tls == nil { serverPublicKey = database.serverPublicKey }
        if case .schema = purpose { readTimeoutSeconds = UInt32(Self.schemaTimeoutSeconds) }
    }
}

extension Settings.Database {
    /// How long a server that should have ended a statement itself is waited for; nil: for ever.
    var statementTimeout: TimeSpan? {
        statementTimeoutSeconds > 0 ? .seconds(statementTimeoutSeconds + 5) : nil
    }

    /// How long connecting may take before it is given up, if libmariadb has not done so itself.
    var connectTimeout: TimeSpan { .seconds(connectTimeoutSeconds + 1) }
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
            window: .milliseconds(own.windowMilliseconds ?? common.windowMilliseconds),
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
            maxKeys: limits.requestKeys, maxIncludeDepth: limits.includeDepth,
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
            maxBacklogBytes: Self.maxBacklogBytes(refusedFrom: settings.limits.clientOutputBytes))
    }
}
