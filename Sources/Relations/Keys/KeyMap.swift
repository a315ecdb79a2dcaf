/// Places by key. Integers, which most keys are, are kept apart: hashing and comparing these is several times cheaper.
package struct KeyMap: Sendable {
    private var integers = IntegerMap()
    private var others: [Key: Int] = [:]

    package init() {}

    /// Each key's first place in the list.
    package init(indexing keys: [Key]) {
        if case .single(.integer) = keys.first {
            integers = IntegerMap(capacity: keys.count)
        } else {
            others.reserveCapacity(keys.count)
        }
        for (index, key) in keys.enumerated() where self[key] == nil { self[key] = index }
    }

    package var isOfIntegers: Bool { others.isEmpty }

    package subscript(integer key: Int64) -> Int? { integers[key] }

    package var count: Int { integers.count + others.count }

    package var isEmpty: Bool { count == 0 }

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

    /// After many keys have gone, their memory is given back.
    package mutating func shrink() {
        if integers.count == 0, integers.capacity > Self.maxIdleCapacity { integers = IntegerMap() }
        if others.isEmpty, others.capacity > Self.maxIdleCapacity { others = [:] }
    }

    private static let maxIdleCapacity = 4096
}
