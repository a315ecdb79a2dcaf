import Relations

/// The line of a load without the values that differ from load to load: what all lines of one place in a
/// program have in common, and the shape that it stands for.
///
///     {"id":7,"load":"authors.books","key":42,"columns":["id","title"]}
///     {"id":■,"load":"authors.books","key":■,"columns":["id","title"]}
final class RequestTemplate {
    /// A value that differs from load to load, and where it stands in a line.
    struct Slot {
        let member: Member
        let range: Range<Int>
    }

    /// The bytes of the line but those of its slots: a valid request, if valid values stand between them.
    private let fixed: [UInt8]
    /// The slots, with the number of fixed bytes before each of them.
    private let fields: [(member: Member, start: Int)]
    let shape: LoadShape

    init(_ line: UnsafeRawBufferPointer, _ slots: [Slot], _ shape: LoadShape) {
        var fixed: [UInt8] = []
        var end = 0
        fields = slots.map { slot in
            fixed.append(contentsOf: line[end..<slot.range.lowerBound])
            end = slot.range.upperBound
            return (slot.member, fixed.count)
        }
        fixed.append(contentsOf: line[end...])
        self.fixed = fixed
        self.shape = shape
    }

    /// Whether this member's value differs from load to load.
    static func differs(_ member: Member) -> Bool {
        switch member {
        case .id, .key, .keys, .parent, .parents, .timeoutMs, .after, .before: true
        case .load, .op, .sourceVersion, .columns, .where, .order, .limit, .offset, .count, .include, .target,
            .token:
            false
        }
    }

    /// About how much memory it takes, with the options that were read: a filter of a few bytes has arrays of
    /// its own.
    var byteCount: Int { 512 + 16 * fixed.count }

    /// Reads a line that has the same fixed bytes; nil for any other, and for one with a value that is
    /// refused, or not JSON. What surrounds the values was read before, so that only they need to be.
    func read(_ line: UnsafeRawBufferPointer, _ limits: RequestDecoder.Limits) -> Request? {
        fixed.withUnsafeBytes { fixed in
            // The end first: a long list of keys is not to be read in vain.
            let last = fields.last?.start ?? 0
            let ending = UnsafeRawBufferPointer(rebasing: fixed[last...])
            guard ByteScan.has(ending, in: line, at: max(0, line.count - ending.count)) else { return nil }
            // A slot stands within the object of the request.
            var scanner = JSONScanner(line, maxDepth: RequestDecoder.maxDepth - 1)
            var values = SlotValues()
            var start = 0
            for field in fields {
                guard scanner.skip(UnsafeRawBufferPointer(rebasing: fixed[start..<field.start])),
                    values.read(field.member, &scanner, limits)
                else { return nil }
                start = field.start
            }
            guard scanner.position == line.count - ending.count, let keys = values.keys else { return nil }
            let load = Load(
                shape, keys: keys, positions: values.positions,
                timeoutMilliseconds: values.timeoutMilliseconds)
            return Request(id: values.id, operation: .load(load))
        }
    }
}

/// The values of a line's slots.
private struct SlotValues {
    var id: RequestID?
    var keys: Keys?
    var positions: PositionInput?
    var timeoutMilliseconds: Int?

    /// Reads the value on which the scanner stands.
    /// - Returns: false for one that is refused, or not JSON.
    mutating func read(
        _ member: Member, _ scanner: inout JSONScanner, _ limits: RequestDecoder.Limits
    ) -> Bool {
        switch member {
        case .id:
            guard let integer = scanner.shortInteger() else { break }
            id = RequestID(integer)
            return true
        case .key, .parent:
            guard let integer = scanner.shortInteger() else { break }
            keys = .one(.scalar(.integer(integer)))
            return true
        default: break
        }
        return readAny(member, &scanner, limits)
    }

    /// Reads a value as it is read in a line of which nothing is known.
    private mutating func readAny(
        _ member: Member, _ scanner: inout JSONScanner, _ limits: RequestDecoder.Limits
    ) -> Bool {
        var draft = RequestDraft(limits)
        let start = scanner.position
        guard (try? draft.readValue(of: member, &scanner)) != nil, draft.problem == nil,
            draft.options?.problem == nil, scanner.isUTF8(from: start)
        else { return false }
        switch member {
        case .id: id = draft.id
        case .key: keys = draft.key.map { .one($0) }
        case .keys: keys = draft.keys.map { .many($0) }
        case .parent: keys = draft.parent.map { .one($0) }
        case .parents: keys = draft.parents.map { .many($0) }
        case .timeoutMs: timeoutMilliseconds = draft.timeoutMilliseconds
        case .after, .before: positions = draft.options?.positions
        case .load, .op, .sourceVersion, .columns, .where, .order, .limit, .offset, .count, .include, .target,
            .token:
            return false
        }
        return true
    }
}

extension JSONScanner {
    /// Moves behind these bytes if they come next.
    /// - Returns: whether they do.
    @inline(__always)
    fileprivate mutating func skip(_ expected: UnsafeRawBufferPointer) -> Bool {
        guard ByteScan.has(expected, in: bytes, at: position) else { return false }
        position += expected.count
        return true
    }

    /// Reads an integer from 0 on with at most 18 digits; nil, without having moved, for anything else.
    @inline(__always)
    fileprivate mutating func shortInteger() -> Int64? {
        var at = position
        var value: Int64 = 0
        while at < bytes.count, bytes[at] &- 0x30 <= 9 {
            value = value &* 10 &+ Int64(bytes[at] &- 0x30)
            at += 1
        }
        let count = at - position
        guard (1...18).contains(count), count == 1 || bytes[position] != UInt8(ascii: "0") else { return nil }
        let next = at < bytes.count ? bytes[at] : 0
        guard next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e") else { return nil }
        position = at
        return value
    }

    fileprivate func isUTF8(from start: Int) -> Bool {
        UTF8Step.firstMalformed(in: raw(start..<position)) == nil
    }
}
