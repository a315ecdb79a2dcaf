/// The members that a request can have, in this version of the protocol or in a later one.
enum Member: UInt32, CaseIterable {
    case id, load, key, keys, parent, parents, op, timeoutMs, sourceVersion
    case columns, `where`, order, limit, offset, count, include
    case after, before
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
        case .sourceVersion: "source_version"
        case .include: "include"
        case .columns: "columns"
        case .where: "where"
        case .order: "order"
        case .limit: "limit"
        case .offset: "offset"
        case .count: "count"
        case .after: "after"
        case .before: "before"
        case .target: "target"
        case .token: "token"
        }
    }

    /// The members that a load can have.
    static let ofLoad: [Member] =
        [.id, .load, .key, .keys, .parent, .parents, .timeoutMs] + options
        + [.after, .before, .sourceVersion]

    /// The options that a load can have, and each relationship of an `include`.
    static let options: [Member] = [.columns, .where, .order, .limit, .offset, .count, .include]

    init?(_ name: UnsafeRawBufferPointer) {
        guard name.count < Self.byLength.count else { return nil }
        for member in Self.byLength[name.count] where name.equals(member.name) {
            self = member
            return
        }
        return nil
    }

    /// By the length of a name, the members whose names have it: at most six.
    private static let byLength = {
        let longest = allCases.map(\.name.utf8CodeUnitCount).max() ?? 0
        return (0...longest).map { length in allCases.filter { $0.name.utf8CodeUnitCount == length } }
    }()
}

/// A set of members.
struct MemberSet {
    private var bits: UInt32 = 0

    init(_ members: Member...) {
        for member in members { insert(member) }
    }

    /// Adds a member.
    /// - Returns: false if it was in the set already.
    @discardableResult
    mutating func insert(_ member: Member) -> Bool {
        let bit = 1 << member.rawValue as UInt32
        defer { bits |= bit }
        return bits & bit == 0
    }

    func contains(_ member: Member) -> Bool { bits & (1 << member.rawValue) != 0 }

    func count(among others: MemberSet) -> Int { (bits & others.bits).nonzeroBitCount }

    /// The first member that is not in `allowed`; nil if all are.
    func first(outside allowed: MemberSet) -> Member? {
        bits & ~allowed.bits == 0
            ? nil : Member(rawValue: UInt32((bits & ~allowed.bits).trailingZeroBitCount))
    }
}
