/// A JSON scalar as a client wrote it, before any column has judged it.
package enum Literal: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number written as a plain integer (`-?(0|[1-9][0-9]*)`) that fits in 64 bits signed.
    case integer(Int64)
    /// Any other JSON number, digit by digit as written: `18446744073709551615`, `1.50`, `1e3`.
    case number([UInt8])
    /// Unescaped UTF-8.
    case string([UInt8])
}

/// What stands where a key is expected: `42`, `[2024,17]`, or something that no key can be.
package enum KeyInput: Hashable, Sendable {
    case scalar(Literal)
    case list([Literal])
    /// An object, or a list within a list; `found` names it for the error message.
    case unusable(found: String)
}

/// One checked value of one key column, in the canonical form of its type: two values of a column that are
/// the same bytes here are the same to the database. The reverse does not hold (`Bob` and `bob` under a `_ci`
/// collation), and nothing in kindred depends on it.
package enum Scalar: Hashable, Sendable {
    case integer(Int64)
    /// Above `Int64.max` only.
    case unsigned(UInt64)
    /// UTF-8: text, and every type whose literal is text (`1.50`, `2026-11-22`, a UUID).
    case text([UInt8])
    case bytes([UInt8])
}

/// A relationship's key without a `NULL` part: the value of its parent's side.
package enum Key: Hashable, Sendable {
    case single(Scalar)
    case composite([Scalar])

    package var parts: [Scalar] {
        switch self {
        case .single(let scalar): [scalar]
        case .composite(let scalars): scalars
        }
    }

    /// One of the parts.
    package func part(_ place: Int) -> Scalar {
        switch self {
        case .single(let scalar): scalar
        case .composite(let scalars): scalars[place]
        }
    }
}

extension Key {
    /// About how many bytes the key takes in a statement.
    package var byteCount: Int {
        switch self {
        case .single(let scalar): scalar.byteCount
        case .composite(let scalars): scalars.reduce(0) { $0 + $1.byteCount }
        }
    }
}

extension Scalar {
    /// About how many bytes, and so at most how many characters, the value takes when it is written as text.
    package var byteCount: Int {
        switch self {
        case .integer, .unsigned: 20
        case .text(let utf8): utf8.count
        case .bytes(let bytes): 2 * bytes.count
        }
    }
}
