/// The members that a request may have, in this version or a later one.
enum Member: UInt32, CaseIterable {
    case id, load, key, keys, parent, parents, op, timeoutMs
    case columns, `where`, order, limit, offset, count, include
    case target, token

    var name: StaticString {
        switch self {
        case .id: "id"
        case .load: "load"
        case .key: "key"
        case .keys: "keys"
        case .parent: "parent"
        case .parents: "parents"
        case .op: "op"
        case .timeoutMs: "timeout_ms"
        case .include: "include"
        case .columns: "columns"
        case .where: "where"
        case .order: "order"
        case .limit: "limit"
        case .offset: "offset"
        case .count: "count"
        case .target: "target"
        case .token: "token"
        }
    }

    /// What stands in a load, and in each relationship of an `include`.
    static let options: [Member] = [.columns, .where, .order, .limit, .offset, .count, .include]

    init?(_ name: UnsafeRawBufferPointer) {
        for member in Self.allCases where name.equals(member.name) {
            self = member
            return
        }
        return nil
    }
}

/// Which members a request has.
struct MemberSet {
    private var bits: UInt32 = 0

    var isEmpty: Bool { bits == 0 }

    init(_ members: Member...) {
        for member in members { insert(member) }
    }

    /// False if it was there before.
    @discardableResult
    mutating func insert(_ member: Member) -> Bool {
        let bit = 1 << member.rawValue as UInt32
        defer { bits |= bit }
        return bits & bit == 0
    }

    func contains(_ member: Member) -> Bool { bits & (1 << member.rawValue) != 0 }

    func count(among others: MemberSet) -> Int { (bits & others.bits).nonzeroBitCount }

    /// The first that is not in `allowed`.
    func first(outside allowed: MemberSet) -> Member? {
        bits & ~allowed.bits == 0
            ? nil : Member(rawValue: UInt32((bits & ~allowed.bits).trailingZeroBitCount))
    }
}
