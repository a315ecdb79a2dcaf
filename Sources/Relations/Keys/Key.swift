/// A JSON scalar as a client wrote it, not yet checked against a column.
package enum Literal: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number written as a plain integer (`-?(0|[1-9][0-9]*)`) that fits in 64 bits signed.
    case integer(Int64)
    /// Any other JSON number, as it was written: `18446744073709551615`, `1.50`, `1e3`.
    case number([UInt8])
    /// UTF-8, without JSON's escapes.
    case string([UInt8])
}

/// What a client sent where a key is expected: `42`, `[2024,17]`, or something that cannot be a key.
package enum KeyInput: Hashable, Sendable {
    case scalar(Literal)
    case list([Literal])
    /// An object, or a list within a list. `found` names it for the error message: `an object`.
    case unusable(found: String)
}

/// A checked value of one key column, in the canonical form of the column's type. Two values of a column that
/// are the same bytes here are equal to the database. The reverse does not hold (`Bob` and `bob` under a
/// `_ci` collation), and nothing in kindred depends on it.
package enum Scalar: Hashable, Sendable {
    case integer(Int64)
    /// An integer above `Int64.max`; smaller ones are always ``integer(_:)``.
    case unsigned(UInt64)
    /// UTF-8: text, and every type whose literal is text (`1.50`, `2026-11-22`, a UUID).
    case text([UInt8])
    case bytes([UInt8])
}

/// The value of a relationship's key columns in a row of the parent; no part of it is `NULL`.
package enum Key: Hashable, Sendable {
    case single(Scalar)
    case composite([Scalar])
    /// A key of which the rows from a position are wanted.
    indirect case paged(Key, from: Position)

    /// One value for each column of the key, in its order.
    package var parts: [Scalar] {
        switch self {
        case .single(let scalar): [scalar]
        case .composite(let scalars): scalars
        case .paged(let key, _): key.parts
        }
    }

    /// The position from which rows are wanted; nil for all, and for a first page.
    package var position: Position? {
        if case .paged(_, let position) = self { position } else { nil }
    }

    /// The part for one column of the key.
    /// - Parameter index: the column's position in the key, from 0; not looked at if the key is a single
    ///   value.
    package func part(_ index: Int) -> Scalar {
        switch self {
        case .single(let scalar): scalar
        case .composite(let scalars): scalars[index]
        case .paged(let key, _): key.part(index)
        }
    }
}

extension Key {
    /// The number of bytes that the key takes in a statement, roughly.
    package var byteCount: Int {
        switch self {
        case .single(let scalar): scalar.byteCount
        case .composite(let scalars): scalars.reduce(0) { $0 + $1.byteCount }
        case .paged(let key, let position): key.byteCount + position.byteCount
        }
    }
}

extension Scalar {
    /// The number of bytes that the value takes when it is written as text, roughly, and so the greatest
    /// number of its characters.
    package var byteCount: Int {
        switch self {
        case .integer, .unsigned: 20
        case .text(let utf8): utf8.count
        case .bytes(let bytes): 2 * bytes.count
        }
    }
}
