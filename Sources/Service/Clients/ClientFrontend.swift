import Loading
import Logging
import Reactor
import Relations
import Time
import Wire

/// The clients' side of the daemon: accepts connections, has lines decoded and requests answered, and flushes
/// the replies once per turn.
final class ClientFrontend {
    struct Limits {
        var maxLineBytes: Int
        var lineTimeoutSeconds: Int
        var sendTimeoutSeconds: Int
        var requests: RequestDecoder.Limits
        var maxClients: Int
        /// Bytes of unread replies at which nothing more is read from a client. Loads are refused from
        /// `limits.client_output_bytes` on; this is as much again, and at least 16 MiB more, which holds the
        /// errors of some 100,000 refused requests.
        var maxBacklogBytes: Int

        static func maxBacklogBytes(refusedFrom bytes: Int) -> Int { bytes + max(bytes, 1 << 24) }
    }

    private let loop: EventLoop
    private let engine: Engine
    private let logger: Logger
    private let version: String
    var limits: Limits { didSet { decoder = RequestDecoder(limits.requests) } }
    private var decoder: RequestDecoder
    var weights: ClientWeights
    /// Where the catalog comes from; nil until it has been read.
    var catalogSource: CatalogSource?
    /// Whether queries go to another server by now, whose schema has not been read yet.
    var isSourceUncertain = false
    private var listeners: [Listener] = []
    private var sessions: [ObjectIdentifier: Session] = [:]
    /// Memory for what sessions receive; empty. Each takes it while it has no bytes of its own.
    var inputMemory = ByteBuffer()
    /// Sessions to be flushed at the end of this turn.
    private var sessionsToFlush: [Session] = []
    /// Those that are being flushed; empty otherwise. The two take turns so that neither is allocated anew.
    private var flushedSessions: [Session] = []
    /// Sessions that were waiting for the end of a line, or for their client to read, when they were last
    /// looked at.
    private var watched: [ObjectIdentifier: Session] = [:]
    private var watchAlarm: Alarm?
    /// Sessions whose lines wait for memory.
    private var withoutMemory: [Session] = []
    /// Sockets of sessions that are over, whose clients may still read.
    let lingering: LingeringSockets
    private var alarmTime: Instant?
    private var nextShedding = Instant.zero
    private var slowReaders = LogThrottle()
    private var lastPauseReport: Instant?
    /// The connections to the database, for the statistics.
    unowned var pool: ConnectionPool?
    private(set) var isDraining = false
    private var turns = TurnHistogram()

    init(
        loop: EventLoop, engine: Engine, limits: Limits, weights: ClientWeights, version: String,
        logger: Logger
    ) {
        self.loop = loop
        self.engine = engine
        self.limits = limits
        decoder = RequestDecoder(limits.requests)
        self.weights = weights
        self.version = version
        self.logger = logger
        lingering = LingeringSockets(loop)
        watchAlarm = Alarm(loop) { [unowned self] in checkSlowClients() }
    }

    var context: EngineContext { engine.context }

    var memory: MemoryGauge { engine.context.memory }

    var sessionCount: Int { sessions.count }

    // MARK: Connections

    func listen(_ listener: Listener) {
        listeners.append(listener)
        listener.onPause = { [unowned self] in acceptingPaused($0) }
        listener.start { [unowned self] socket in accept(socket) }
    }

    /// Paths of listening sockets whose files somebody has removed.
    var lostPaths: [String] { listeners.filter { !$0.isInPlace }.map(\.address) }

    /// The time between two reports that no connection can be accepted for now.
    private static let pauseReportInterval = TimeSpan.seconds(10)

    private func acceptingPaused(_ reason: ReactorError) {
        lingering.closeAll()
        if let lastPauseReport, loop.now - lastPauseReport < Self.pauseReportInterval { return }
        lastPauseReport = loop.now
        logger.warning("\(reason); trying again")
    }

    private func accept(_ socket: Socket) {
        context.counters.sessionsAccepted += 1
        let session = Session(
            socket, frontend: self, loop: loop, account: weights.account(of: socket),
            maxLineBytes: limits.maxLineBytes)
        sessions[ObjectIdentifier(session)] = session
        guard sessions.count > limits.maxClients else { return }
        session.replies.reply(
            Failure(
                .overloaded,
                "\(limits.maxClients) clients are connected, the most (listen.max_clients); try again"),
            to: nil)
        session.finish()
    }

    func sessionClosed(_ session: Session, owing loads: [PendingLoad]) {
        sessions[ObjectIdentifier(session)] = nil
        watched[ObjectIdentifier(session)] = nil
        loop.retire(session)
        engine.abandon(loads)
    }

    func dropSlowReader(_ session: Session, _ bound: String) {
        context.counters.slowReadersDropped += 1
        if let others = slowReaders.admit(at: loop.now) {
            logger.warning(
                "a client does not read its replies and was disconnected",
                metadata: ["beyond": "\(bound)", "others_since_the_last_line": "\(others)"])
        }
        session.close()
    }

    // MARK: Slow clients

    /// Has the session looked at in time: it waits for the end of a line, or for its client to read.
    func watchProgress(of session: Session) {
        watched[ObjectIdentifier(session)] = session
        if let deadline = session.deadline(limits) { setAlarm(noLaterThan: deadline) }
    }

    private func setAlarm(noLaterThan time: Instant) {
        if let alarmTime, alarmTime <= time { return }
        alarmTime = time
        watchAlarm?.set(at: time)
    }

    private func checkSlowClients() {
        alarmTime = nil
        for session in watched.values {
            if let deadline = session.deadline(limits), deadline <= loop.now { session.endAsTooSlow(limits) }
        }
        let left = watched.filter { $0.value.deadline(limits) != nil }
        watched = [:]
        for session in left.values { watchProgress(of: session) }
    }

    /// How long a client that does not read has a claim to memory that others need.
    private static let maxStall = TimeSpan.seconds(1)
    private static let sheddingInterval = TimeSpan.milliseconds(100)

    /// When there is no memory because clients do not read, disconnects the one for which most is kept:
    /// otherwise everybody else would be refused for as long as it likes.
    private func shedMemory() {
        let isNeeded = memory.hasLackedRoom || memory.isFull && !withoutMemory.isEmpty
        // It holds for this turn only: soon there may be room again, and what is kept now says which client
        // is disconnected.
        memory.hasLackedRoom = false
        guard isNeeded, loop.now >= nextShedding else { return }
        nextShedding = loop.now + Self.sheddingInterval
        let stalled = watched.values.compactMap { session in
            session.keptBytes(ifStalledFor: Self.maxStall).map { (session: session, bytes: $0) }
        }
        // Rows take up to twice the bytes that are counted here: nobody is disconnected unless these clients
        // may account for half of the memory.
        guard stalled.reduce(0, { $0 + $1.bytes }) > memory.limit / 4,
            let largest = stalled.max(by: { $0.bytes < $1.bytes })
        else { return }
        dropSlowReader(largest.session, "limits.result_bytes = \(memory.limit): it held \(largest.bytes)")
    }

    func awaitMemory(_ session: Session) {
        withoutMemory.append(session)
    }

    /// Handles lines that have waited for memory, if there is some now; otherwise looks again later, because
    /// nothing else may make another turn.
    private func resumeSessionsWithoutMemory() {
        guard !withoutMemory.isEmpty else { return }
        if memory.isFull { return setAlarm(noLaterThan: loop.now + Self.sheddingInterval) }
        let sessions = withoutMemory
        withoutMemory = []
        for session in sessions { session.memoryIsBack() }
    }

    // MARK: Requests

    func handle(_ frame: Frame, from session: Session) {
        context.counters.requests += 1
        switch frame {
        case .tooLong:
            let bound = "limits.line_bytes = \(limits.maxLineBytes)"
            session.replies.reply(
                Failure(.lineTooLong, "the line is longer than \(bound); it was skipped"), to: nil)
        case .line(let line):
            switch decoder.decode(line) {
            case .success(let request): perform(request, bytes: line.count, from: session)
            case .failure(let rejection): session.replies.reply(rejection.failure, to: rejection.id)
            }
        }
    }

    /// Replies with an error to a line, because there is no memory for the rest of it.
    func refuseLine(of session: Session) {
        context.counters.requests += 1
        session.replies.reply(context.fullMemory, to: nil)
    }

    private func perform(_ request: Request, bytes: Int, from session: Session) {
        switch request.operation {
        case .load where isDraining:
            session.replies.reply(
                Failure(.shuttingDown, "kindred is shutting down; connect again"), to: request.id)
        case .load(let load):
            if let failure = failure(ofSourceOf: load) {
                session.replies.reply(failure, to: request.id)
            } else {
                engine.submit(load, id: request.id, bytes: bytes, from: session.replies)
            }
        case .ping: session.replies.reply { ReplyEncoder.pong(request.id, into: &$0) }
        case .hello:
            session.replies.reply {
                ReplyEncoder.hello(
                    request.id, server: "kindred \(version)", source: catalogSource, into: &$0)
            }
        case .describe(let name): describe(name, id: request.id, to: session)
        case .cancel(let target):
            let found = engine.cancel(target, from: session.replies)
            session.replies.reply { ReplyEncoder.cancelled(request.id, found, into: &$0) }
        case .stats:
            session.replies.reply(request.id) {
                Observation(engine: engine, pool: pool, sessions: sessionCount, turns: turns).reply.write(
                    request.id, to: &$0)
                return nil
            }
        }
    }

    /// The failure of a load that asks for another source than ours; nil as long as we have none, since the
    /// engine then says why.
    private func failure(ofSourceOf load: Load) -> Failure? {
        if load.shape.sourceVersion != nil, isSourceUncertain {
            return Failure(
                .databaseUnavailable, "another server is in use, and its schema is being read; try again")
        }
        guard let wanted = load.shape.sourceVersion, let source = catalogSource, wanted != source.version
        else {
            return nil
        }
        return Failure(
            .sourceChanged,
            "the source_version is \(source.version.hexadecimal) and not \(wanted.hexadecimal): this kindred reads another server, database or schema; ask for 'describe' again"
        )
    }

    private func describe(_ name: String?, id: RequestID?, to session: Session) {
        do throws(Failure) {
            let relationships = try engine.templates.relationships(named: name)
            let reply = DescribeReply(
                relationships: relationships, catalog: engine.templates.catalog, source: catalogSource,
                limits: describedLimits)
            if memory.isFull { throw context.fullMemory }
            session.replies.reply(id) { output in
                let start = output.count
                reply.write(id, to: &output)
                guard output.count - start > context.limits.maxReplyBytes else { return nil }
                output.truncate(to: start)
                return Failure(
                    .resultTooLarge,
                    "the description takes more than limits.reply_bytes = \(context.limits.maxReplyBytes) bytes; ask for one relationship with 'load'"
                )
            }
        } catch {
            session.replies.reply(error, to: id)
        }
    }

    /// The limits that `describe` shows: what a client must know to stay within them.
    private var describedLimits: [(name: StaticString, value: Int)] {
        [
            ("keys", limits.requests.maxKeys), ("rows", context.limits.maxRows),
            ("include_depth", limits.requests.maxIncludeDepth), ("includes", limits.requests.maxIncludes),
            ("line_bytes", limits.maxLineBytes),
            ("reply_bytes", context.limits.maxReplyBytes),
        ]
    }

    // MARK: The end of a turn

    func scheduleFlush(of session: Session) {
        sessionsToFlush.append(session)
    }

    /// Writes the output of each session to its socket, once per turn. A session may then handle lines that
    /// have waited; their replies are flushed in the next turn.
    func flush() {
        if !sessionsToFlush.isEmpty { flushSessions() }
        shedMemory()
        resumeSessionsWithoutMemory()
        if !sessionsToFlush.isEmpty { loop.wake() }
        if isDraining { finishSessions() }
    }

    private func flushSessions() {
        swap(&sessionsToFlush, &flushedSessions)
        loop.refreshTime()
        let start = loop.now
        for (place, session) in flushedSessions.enumerated() {
            session.flush()
            loop.refreshTime()
            guard loop.now - start > TurnBudget.flushes else { continue }
            sessionsToFlush.insert(contentsOf: flushedSessions[(place + 1)...], at: 0)
            break
        }
        flushedSessions.removeAll(keepingCapacity: true)
    }

    func recordTurn() {
        loop.refreshTime()
        turns.add(loop.now - loop.turnBegan)
    }

    // MARK: The end

    /// Accepts no new connections and no new loads; what is on its way is answered.
    func drain() {
        isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        finishSessions()
    }

    var isDrained: Bool { isDraining && sessions.isEmpty && lingering.isEmpty }

    private func finishSessions() {
        for session in sessions.values { session.finish() }
    }
}
