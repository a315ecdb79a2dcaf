package import Relations

/// The keys that rows lead to: each once, and for every row the position of its own.
package struct RowKeys: Sendable {
    /// In the order in which they first came.
    package private(set) var keys: [Key] = []
    /// By row; nil where the key is `NULL` or has a `NULL` part.
    package private(set) var positions: [Int?] = []
    private var indices = KeyMap()

    package init() {}

    /// The next row's key.
    package mutating func add(_ key: Key?) {
        guard let key else { return positions.append(nil) }
        if let known = indices[key] { return positions.append(known) }
        indices[key] = keys.count
        positions.append(keys.count)
        keys.append(key)
    }
}
