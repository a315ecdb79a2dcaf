package import Relations

/// Reads a cell of the database's text protocol back into the canonical form that a checked key has.
package enum ReturnedKey {
    /// Reads a cell of a type whose equality bytes decide.
    /// - Returns: nil for `NULL`, and for bytes that are no value of the type; such a row belongs to no key.
    /// - Precondition: the type is an integer, `YEAR` or `BIT`.
    package static func scalar(_ cell: UnsafeRawBufferPointer?, as type: ColumnType) -> Scalar? {
        guard let cell else { return nil }
        switch type {
        case .bit: return bits(cell)
        case .integer, .year: return shortInteger(cell).map { .integer($0) } ?? longInteger(cell)
        case .decimal, .float, .double, .date, .time, .datetime, .timestamp, .text, .enumeration, .set,
            .binary,
            .uuid, .inet4, .inet6, .json, .geometry:
            preconditionFailure("only the database compares keys of this type")
        }
    }

    /// Reads a value that is the key of other rows, for an included relationship.
    /// - Returns: nil for bytes that cannot be a key of the type.
    package static func keyValue(_ cell: UnsafeRawBufferPointer, as type: ColumnType) -> Scalar? {
        switch type {
        case .integer, .year, .bit: scalar(cell, as: type)
        case .text, .enumeration, .set: .text(Array(cell))
        case .binary: .bytes(Array(cell))
        case .float, .double: try? Scalar(.string(Array(withoutZeros(cell))), as: type)
        case .decimal, .date, .time, .datetime, .timestamp, .uuid, .inet4, .inet6, .json, .geometry:
            try? Scalar(.string(Array(cell)), as: type)
        }
    }

    /// Drops the zeros with which no number may begin, as in `00000042.5` from a `ZEROFILL` column.
    private static func withoutZeros(_ cell: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        let zeros = cell.prefix { $0 == UInt8(ascii: "0") }.count
        let isNumberAhead =
            zeros < cell.count && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(cell[zeros])
        return cell.dropFirst(isNumberAhead ? zeros : max(0, zeros - 1))
    }

    /// Reads a cell of a column of integers, if all keys are within `Int64`.
    /// - Returns: nil for `NULL`, for bytes that are no integer, and for a value beyond `Int64`, which is
    ///   none of the keys.
    package static func int64(_ cell: UnsafeRawBufferPointer?) -> Int64? {
        guard let cell else { return nil }
        return shortInteger(cell) ?? longInteger(cell).flatMap(exactly)
    }

    /// Reads a cell of a column of type `BIT(n)`; otherwise like ``int64(_:)``.
    package static func int64(bits cell: UnsafeRawBufferPointer?) -> Int64? {
        cell.flatMap(bits).flatMap(exactly)
    }

    private static func exactly(_ scalar: Scalar) -> Int64? {
        if case .integer(let value) = scalar { value } else { nil }
    }

    /// Reads `42` or `00042` (`ZEROFILL`): the fast path, for digits so few that they cannot overflow. It was
    /// measured to matter, since a key is read for every row.
    /// - Returns: nil for anything else, whatever it is.
    @inline(__always)
    private static func shortInteger(_ cell: UnsafeRawBufferPointer) -> Int64? {
        guard (1...18).contains(cell.count) else { return nil }
        var value: Int64 = 0
        for byte in cell {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        return value
    }

    /// Reads any integer: `42`, `-1`, `00042`, `18446744073709551615`.
    private static func longInteger(_ cell: UnsafeRawBufferPointer) -> Scalar? {
        let isNegative = cell.first == UInt8(ascii: "-")
        let digits = isNegative ? UnsafeRawBufferPointer(rebasing: cell.dropFirst()) : cell
        guard let magnitude = DecimalDigits.value(digits) else { return nil }
        if isNegative { return negative(magnitude) }
        return Int64(exactly: magnitude).map { .integer($0) } ?? .unsigned(magnitude)
    }

    private static func negative(_ magnitude: UInt64) -> Scalar? {
        guard magnitude <= Int64.min.magnitude else { return nil }
        return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
    }

    /// Reads the bytes of a `BIT(n)`, the highest of which comes first.
    private static func bits(_ cell: UnsafeRawBufferPointer) -> Scalar? {
        guard cell.count <= 8 else { return nil }
        let value = cell.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(exactly: value).map { .integer($0) } ?? .unsigned(value)
    }
}
