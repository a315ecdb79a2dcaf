package import Relations

/// Finds the place of a returned key among the keys of a batch, for types whose equality bytes decide.
package struct KeyIndex: Sendable {
    private let places: [Key: Int]
    private var last: (key: Key, place: Int?)?

    package init(_ keys: [Key]) {
        places = Dictionary(zip(keys, keys.indices), uniquingKeysWith: { first, _ in first })
    }

    /// Rows come sorted by key, so the answer is mostly the last one's.
    package mutating func place(of key: Key) -> Int? {
        if let last, last.key == key { return last.place }
        let place = places[key]
        last = (key, place)
        return place
    }
}
