import Loading
import Relations
import TestSupport
import Time
import Wire

/// One load of a simulation: what is asked, what it should get, and what has become of it.
final class LoadRecord {
    enum State {
        case unsent, sent, answered
        /// Its client has hung up.
        case abandoned
    }

    /// What could be seen at the moment at which the reply was written.
    struct Reply {
        let time: Int64
        let keysOnTheirWay: Int
        let clientKeys: Int
        let unreadBytes: Int
    }

    let number: Int
    let client: Int
    let load: Load
    let expected: ExpectedReply
    /// Nanoseconds for which its client reads nothing from when it gets the reply.
    let pause: Int64?
    var state = State.unsent
    var sentAt: Int64 = 0
    /// When it must have its reply.
    var bound: Int64 = 0
    var isCancelled = false
    /// Its reply, once it has been written.
    var reply: Reply?
    /// Its client paused reading while it waited, so that its reply may have been kept back.
    var wasPaused = false
    /// A connection was lost under one of its queries for good, or the query's columns had changed.
    var isCutOff = false
    /// There was no database at some time while it waited.
    var sawOutage = false
    /// Errors that concern a whole query, whichever keys are in it.
    var refusals: Set<UInt32> = []

    /// Whether it is on its way to its reply.
    var isOwed: Bool { state == .sent && reply == nil }

    var id: RequestID { RequestID(Int64(number)) }

    init(
        number: Int, client: Int, _ generated: GeneratedLoad, _ config: SimulationConfig,
        _ tables: SimulatedTables,
        _ random: inout SeededGenerator
    ) {
        self.number = number
        self.client = client
        let isList = random.chance(0.5)
        let count = isList ? random.number(0...8) : 1
        let keys = (0..<count).map { _ in Self.key(generated.relation, config.keySpace, &random) }
        let inputs = keys.map { KeyInput.scalar(Self.literal($0, isText: generated.relation.isText)) }
        let timeout = random.chance(config.faults.timeout) ? random.number(1...40) : nil
        load = Load(
            LoadShape(relationship: generated.relation.name, options: generated.options),
            keys: isList ? .many(inputs) : .one(inputs[0]), timeoutMilliseconds: timeout)
        expected = ExpectedReply(generated, keys: keys, isList: isList, id: Int64(number), tables: tables)
        pause = random.chance(config.faults.slowReader) ? random.time(0...50 * millisecond) : nil
    }

    func hasOwnBound(_ limits: EngineLimits) -> Bool {
        load.timeoutMilliseconds.map { Int64($0) * millisecond < limits.requestTimeout.nanoseconds } ?? false
    }

    private static func key(_ relation: SimulatedRelationship, _ space: Int, _ random: inout SeededGenerator)
        -> String?
    {
        if random.chance(0.05) { return nil }
        guard relation.isText else { return "\(random.number(1...space))" }
        return random.pick("owner", "Owner") + "\(random.number(1...9))"
    }

    private static func literal(_ key: String?, isText: Bool) -> Literal {
        guard let key else { return .null }
        return isText ? .string(Array(key.utf8)) : .integer(Int64(key) ?? 0)
    }
}
