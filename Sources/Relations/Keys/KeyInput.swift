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
