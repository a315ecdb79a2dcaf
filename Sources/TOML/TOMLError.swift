/// The first thing in a document that is not TOML.
package struct TOMLError: Error, Hashable, Sendable {
    /// From 1.
    package let line: Int
    package let message: String
}
