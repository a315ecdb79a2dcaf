package import Relations

/// Says which of a batch's keys a row belongs to: the statement's `Attribution`, laid out for one row after another.
/// A class for the same reason as `Distributor`.
package final class RowAttribution {
    private enum Reading {
        case single, ordinal, integer, integerBits, values
    }

    /// A column of a row that is a part of its key.
    private typealias KeyColumn = (place: Int, type: ColumnType)

    private let keyCount: Int
    private var index: KeyIndex
    private let reading: Reading
    private let columns: [KeyColumn]
    /// Of the first of them.
    private let firstPlace: Int

    /// - Parameters:
    ///   - leading: how many columns a row has before those that it shows.
    ///   - shown: the types of those.
    package init(_ keys: [Key], _ attribution: Attribution, leading: Int, shown: [ColumnType]) {
        keyCount = keys.count
        index = KeyIndex(keys)
        columns =
            switch attribution {
            case .single, .ordinal: []
            case .values(let types): types.enumerated().map { ($0.offset, $0.element) }
            case .shown(let places): places.map { (leading + $0, shown[$0]) }
            }
        firstPlace = columns.first?.place ?? 0
        reading = Self.reading(attribution, index, columns)
    }

    private static func reading(
        _ attribution: Attribution, _ index: KeyIndex, _ columns: [KeyColumn]
    ) -> Reading {
        switch attribution {
        case .single: .single
        case .ordinal: .ordinal
        case .values, .shown:
            if !index.isOfIntegers {
                .values
            } else if case .bit = columns[0].type {
                .integerBits
            } else {
                .integer
            }
        }
    }

    /// The key's place in the batch; nil for a row that belongs to none.
    /// - Parameter cell: the bytes in a column of the row; nil for `NULL`.
    package func place(_ cell: (Int) -> UnsafeRawBufferPointer?) -> Int? {
        switch reading {
        case .single: return 0
        case .integer: return ReturnedKey.int64(cell(firstPlace)).flatMap { index.place(of: $0) }
        case .integerBits: return ReturnedKey.int64(bits: cell(firstPlace)).flatMap { index.place(of: $0) }
        case .ordinal:
            guard let ordinal = ReturnedKey.int64(cell(0)), (1...Int64(keyCount)).contains(ordinal)
            else { return nil }
            return Int(ordinal) - 1
        case .values:
            let parts = columns.compactMap { ReturnedKey.scalar(cell($0.place), as: $0.type) }
            guard parts.count == columns.count else { return nil }
            return index.place(of: parts.count == 1 ? .single(parts[0]) : .composite(parts))
        }
    }
}

/// Finds the place of a returned key among the keys of a batch, for types whose equality bytes decide.
package struct KeyIndex: Sendable {
    private let places: KeyMap
    private var last: (key: Key, place: Int?)?
    private var lastInteger: (key: Int64, place: Int?)?
    package init(_ keys: [Key]) {
        places = KeyMap(placesOf: keys)
    }

    /// Whether `place(of: Int64)` knows all keys.
    package var isOfIntegers: Bool { places.isOfIntegers }

    /// Rows come sorted by key, so the answer is mostly the last one's.
    package mutating func place(of key: Key) -> Int? {
        if let last, last.key == key { return last.place }
        let place = places[key]
        last = (key, place)
        return place
    }

    package mutating func place(of key: Int64) -> Int? {
        if let lastInteger, lastInteger.key == key { return lastInteger.place }
        let place = places[integer: key]
        lastInteger = (key, place)
        return place
    }
}
