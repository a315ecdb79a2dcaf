/// Finds an index, from 0, by a key. Integers, which most keys are, are kept apart, because hashing and
/// comparing them is several times cheaper.
package struct KeyMap: Sendable {
    private var integers = IntegerMap()
    private var others: [Key: Int] = [:]

    package init() {}

    /// Maps each key to its first index in the list.
    package init(indexing keys: [Key]) {
        if case .single(.integer) = keys.first {
            integers = IntegerMap(capacity: keys.count)
        } else {
            others.reserveCapacity(keys.count)
        }
        for (index, key) in keys.enumerated() where self[key] == nil { self[key] = index }
    }

    /// Whether all keys are single integers, so that ``subscript(integer:)`` knows each of them.
    package var isOfIntegers: Bool { others.isEmpty }

    /// The index of a key that is a single integer; nil if it is not in the map.
    package subscript(integer key: Int64) -> Int? { integers[key] }

    /// The number of keys.
    package var count: Int { integers.count + others.count }

    package var isEmpty: Bool { count == 0 }

    /// The index of a key; nil if it is not in the map. Setting nil removes the key.
    package subscript(key: Key) -> Int? {
        get { if case .single(.integer(let value)) = key { integers[value] } else { others[key] } }
        set {
            if case .single(.integer(let value)) = key {
                integers[value] = newValue
            } else {
                others[key] = newValue
            }
        }
    }

    /// Removes keys, all of which are in the map. All of many are removed at once, if the map has not held
    /// very many more before.
    package mutating func remove(_ keys: [Key]) {
        if keys.count == integers.count, others.isEmpty, 4 * keys.count >= integers.capacity {
            integers.removeAll()
        } else {
            for key in keys { self[key] = nil }
        }
    }

    /// Gives back the memory of an empty map that has held many keys.
    package mutating func shrink() {
        if integers.count == 0, integers.capacity > Self.maxIdleCapacity { integers = IntegerMap() }
        if others.isEmpty, others.capacity > Self.maxIdleCapacity { others = [:] }
    }

    /// The number of keys for which an empty map keeps room.
    private static let maxIdleCapacity = 4096
}
