package import Relations

/// Finds the place of a returned key among the keys of a batch, for types whose equality bytes decide.
package struct KeyIndex: Sendable {
    private let places: [Key: Int]
    /// The same where all keys are integers, as most are: comparing and hashing these is several times cheaper.
    private let integers: [Int64: Int]
    private var last: (key: Key, place: Int?)?
    private var lastInteger: (key: Int64, place: Int?)?
    /// Whether `place(of: Int64)` knows all keys.
    package let isOfIntegers: Bool

    package init(_ keys: [Key]) {
        let values = keys.compactMap { key in
            if case .single(.integer(let value)) = key { value } else { nil as Int64? }
        }
        isOfIntegers = values.count == keys.count
        integers =
            isOfIntegers
            ? Dictionary(zip(values, keys.indices), uniquingKeysWith: { first, _ in first }) : [:]
        places =
            isOfIntegers
            ? [:] : Dictionary(zip(keys, keys.indices), uniquingKeysWith: { first, _ in first })
    }

    /// Rows come sorted by key, so the answer is mostly the last one's.
    package mutating func place(of key: Key) -> Int? {
        if let last, last.key == key { return last.place }
        let place = places[key]
        last = (key, place)
        return place
    }

    package mutating func place(of key: Int64) -> Int? {
        if let lastInteger, lastInteger.key == key { return lastInteger.place }
        let place = integers[key]
        lastInteger = (key, place)
        return place
    }
}
