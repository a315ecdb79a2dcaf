/// A value of a TOML document.
package enum TOMLValue: Hashable, Sendable {
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([TOMLValue])
    case table([String: TOMLValue])
    /// A date, a time, or both.
    case moment
}
