package import Relations

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
