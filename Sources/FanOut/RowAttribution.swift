package import Relations

/// Says which of a batch's keys each row belongs to, as the statement's `Attribution` prescribes.
/// It is a class, as ``RowSegments`` is, because a struct would be copied for every call.
package final class RowAttribution {
    private enum Strategy {
        case single, ordinal, integer, integerBits, values
    }

    /// A column of a row that is a part of its key.
    private typealias KeyColumn = (position: Int, type: ColumnType)

    private let keyCount: Int
    private var lookup: KeyLookup
    private let strategy: Strategy
    /// The columns of a row with the parts of its key, in the key's order.
    private let columns: [KeyColumn]
    /// The position in a row of the first of these columns; 0 if there is none.
    private let firstPosition: Int

    /// - Parameters:
    ///   - keys: the batch's keys.
    ///   - leading: the number of columns that a row has before those that it shows.
    ///   - shown: the types of the columns that it shows.
    package init(_ keys: [Key], _ attribution: Attribution, leading: Int, shown: [ColumnType]) {
        keyCount = keys.count
        columns =
            switch attribution {
            case .single, .ordinal: []
            case .values(let types): types.enumerated().map { ($0.offset, $0.element) }
            case .shown(let positions): positions.map { (leading + $0, shown[$0]) }
            }
        firstPosition = columns.first?.position ?? 0
        switch attribution {
        // No key is looked up, so that none is hashed, which would cost more than all else here.
        case .single: (lookup, strategy) = (KeyLookup(), .single)
        case .ordinal: (lookup, strategy) = (KeyLookup(), .ordinal)
        case .values, .shown:
            lookup = KeyLookup(keys)
            strategy = Self.strategy(lookup, columns)
        }
    }

    private static func strategy(_ lookup: KeyLookup, _ columns: [KeyColumn]) -> Strategy {
        if !lookup.isOfIntegers {
            .values
        } else if case .bit = columns[0].type {
            .integerBits
        } else {
            .integer
        }
    }

    /// The index of a row's key in the batch; nil for a row that belongs to none of the keys.
    /// - Parameter cell: gives the bytes of the row's column at a position; nil for `NULL`.
    package func keyIndex(_ cell: (Int) -> UnsafeRawBufferPointer?) -> Int? {
        switch strategy {
        case .single: return 0
        case .integer: return ReturnedKey.int64(cell(firstPosition)).flatMap { lookup.index(of: $0) }
        case .integerBits:
            return ReturnedKey.int64(bits: cell(firstPosition)).flatMap { lookup.index(of: $0) }
        case .ordinal:
            guard let ordinal = ReturnedKey.int64(cell(0)), (1...Int64(keyCount)).contains(ordinal)
            else { return nil }
            return Int(ordinal) - 1
        case .values:
            let parts = columns.compactMap { ReturnedKey.scalar(cell($0.position), as: $0.type) }
            guard parts.count == columns.count else { return nil }
            return lookup.index(of: parts.count == 1 ? .single(parts[0]) : .composite(parts))
        }
    }
}

/// Finds the index of a returned key among the keys of a batch, for types whose equality bytes decide.
package struct KeyLookup: Sendable {
    private let indices: KeyMap
    private var last: (key: Key, index: Int?)?
    private var lastInteger: (key: Int64, index: Int?)?

    /// Knows no keys.
    init() { indices = KeyMap() }

    package init(_ keys: [Key]) {
        indices = KeyMap(indexing: keys)
    }

    /// Whether all keys are integers, so that ``index(of:)-(Int64)`` knows each of them.
    package var isOfIntegers: Bool { indices.isOfIntegers }

    /// The index of a key; nil if it is none of the batch. Rows come sorted by key, so that it is mostly the
    /// one before.
    package mutating func index(of key: Key) -> Int? {
        if let last, last.key == key { return last.index }
        let index = indices[key]
        last = (key, index)
        return index
    }

    /// The index of a key that is an integer; nil if it is none of the batch.
    package mutating func index(of key: Int64) -> Int? {
        if let lastInteger, lastInteger.key == key { return lastInteger.index }
        let index = indices[integer: key]
        lastInteger = (key, index)
        return index
    }
}
