/// Places by key. Integers, which most keys are, are kept apart: hashing and comparing these is several times cheaper.
package struct KeyMap: Sendable {
    private var integers: [Int64: Int] = [:]
    private var others: [Key: Int] = [:]

    package init() {}

    /// Each key's first place in the list.
    package init(placesOf keys: [Key]) {
        if case .single(.integer) = keys.first {
            integers.reserveCapacity(keys.count)
        } else {
            others.reserveCapacity(keys.count)
        }
        for (place, key) in keys.enumerated() where self[key] == nil { self[key] = place }
    }

    package var isOfIntegers: Bool { others.isEmpty }

    package subscript(integer: Int64) -> Int? { integers[integer] }

    package var count: Int { integers.count + others.count }

    package var isEmpty: Bool { integers.isEmpty && others.isEmpty }

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

    /// Memory for many keys is given back.
    package mutating func removeAll() {
        integers.removeAll(keepingCapacity: integers.capacity <= Self.most)
        others.removeAll(keepingCapacity: others.capacity <= Self.most)
    }

    private static let most = 4096
}
