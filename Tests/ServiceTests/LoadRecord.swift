import Relations
import TestSupport
import Wire

@testable import Service

/// One load of a history: what is asked, what it should get, and what has become of it.
final class LoadRecord {
    enum State {
        case unsent, sent, answered
        /// Its client has hung up.
        case abandoned
    }

    let number: Int
    let client: Int
    let load: Load
    let expected: Expectation
    /// Nanoseconds for which its client reads nothing from when it gets the reply.
    let pause: Int64?
    var state = State.unsent
    /// When it must have its reply.
    var bound: Int64 = 0
    var isCancelled = false
    /// Its reply waited for its client to read others.
    var wasHeld = false
    /// Too much was held for its client.
    var isRefusedRoom = false
    /// A connection was lost under one of its queries for good, or the query's columns had changed.
    var isCutOff = false
    /// There was no database at some time while it waited.
    var sawOutage = false
    /// Errors that concern a whole query, whichever keys are in it.
    var refusals: Set<UInt32> = []

    var id: RequestID { RequestID(Int64(number)) }

    init(
        number: Int, client: Int, _ wanted: Wanted, _ setting: Setting, _ shop: Shop,
        _ random: inout SeededGenerator
    ) {
        self.number = number
        self.client = client
        let isList = random.chance(0.5)
        let count = isList ? random.number(0...8) : 1
        let keys = (0..<count).map { _ in Self.key(wanted.relation, setting.keySpace, &random) }
        let inputs = keys.map { KeyInput.scalar(Self.literal($0, isText: wanted.relation.isText)) }
        let timeout = random.chance(setting.mishaps.timeout) ? random.number(1...40) : nil
        load = Load(
            relationship: wanted.relation.name, keys: isList ? .many(inputs) : .one(inputs[0]),
            options: wanted.options, timeoutMilliseconds: timeout)
        expected = Expectation(wanted, keys: keys, isList: isList, id: Int64(number), shop: shop)
        pause = random.chance(setting.mishaps.slowReader) ? random.time(0...50 * millisecond) : nil
    }

    func hasOwnBound(_ limits: Engine.Limits) -> Bool {
        load.timeoutMilliseconds.map { Int64($0) * millisecond < limits.patience } ?? false
    }

    private static func key(_ relation: Relation, _ space: Int, _ random: inout SeededGenerator) -> String? {
        if random.chance(0.05) { return nil }
        guard relation.isText else { return "\(random.number(1...space))" }
        return random.pick("owner", "Owner") + "\(random.number(1...9))"
    }

    private static func literal(_ key: String?, isText: Bool) -> Literal {
        guard let key else { return .null }
        return isText ? .string(Array(key.utf8)) : .integer(Int64(key) ?? 0)
    }
}
