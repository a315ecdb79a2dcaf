package import Relations

/// The keys of other rows to which rows lead: each key once, and for every row the position of its key.
package struct RowKeys: Sendable {
    /// The distinct keys, in the order in which they first came.
    package private(set) var keys: [Key] = []
    /// By row, the position of its key in ``keys``; nil if the key is `NULL` or has a part that is.
    package private(set) var positions: [Int?] = []
    private var indices = KeyMap()

    package init() {}

    /// Adds the key of the next row; nil if it is `NULL` or has a part that is.
    package mutating func add(_ key: Key?) {
        guard let key else { return positions.append(nil) }
        if let known = indices[key] { return positions.append(known) }
        indices[key] = keys.count
        positions.append(keys.count)
        keys.append(key)
    }
}
