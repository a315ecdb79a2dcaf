/// Finds an index, from 0, by an integer: a hash table with open addressing, linear probing, and deletion
/// that leaves no marks (Knuth, The Art of Computer Programming 3, section 6.4, algorithms L and R).
///
/// `Dictionary` would do the same with about five times the instructions, which were a tenth of the daemon's
/// own.
package struct IntegerMap: Sendable {
    private struct Entry {
        var key: Int64
        var index: Int
    }

    /// The index in an entry that is free.
    private static let free = -1
    private static let minCapacity = 16
    /// Differs from process to process, so that no client can choose keys that collide.
    private static let processSeed = UInt64.random(in: 0 ... .max)

    /// Their number is a power of two or 0, and at least half of them are free.
    private var entries: [Entry] = []
    /// The number of keys.
    package private(set) var count = 0
    private let seed = Self.processSeed

    package init() {}

    /// - Parameter capacity: the number of keys for which room is made.
    package init(capacity: Int) {
        if capacity > 0 { allocate(for: capacity) }
    }

    var capacity: Int { entries.count / 2 }

    /// The index of a key; nil if it is not in the map. Setting nil removes the key.
    package subscript(key: Int64) -> Int? {
        get {
            guard !entries.isEmpty else { return nil }
            let entry = entries[slot(of: key)]
            return entry.index == Self.free ? nil : entry.index
        }
        set {
            if let newValue { insert(newValue, for: key) } else { remove(key) }
        }
    }

    private mutating func insert(_ index: Int, for key: Int64) {
        if count >= capacity { grow() }
        let slot = slot(of: key)
        if entries[slot].index == Self.free { count += 1 }
        entries[slot] = Entry(key: key, index: index)
    }

    private mutating func remove(_ key: Int64) {
        guard !entries.isEmpty else { return }
        var hole = slot(of: key)
        guard entries[hole].index != Self.free else { return }
        count -= 1
        var next = hole
        while true {
            next = (next + 1) & (entries.count - 1)
            guard entries[next].index != Self.free else { break }
            // An entry that would be found if it stood in the hole moves there.
            let home = home(of: entries[next].key)
            guard (next - home) & (entries.count - 1) >= (next - hole) & (entries.count - 1) else { continue }
            entries[hole] = entries[next]
            hole = next
        }
        entries[hole].index = Self.free
    }

    /// Removes all keys, and keeps the memory.
    mutating func removeAll() {
        count = 0
        for slot in entries.indices { entries[slot].index = Self.free }
    }

    /// The slot in which the key stands, or would stand.
    private func slot(of key: Int64) -> Int {
        var slot = home(of: key)
        while entries[slot].index != Self.free, entries[slot].key != key {
            slot = (slot + 1) & (entries.count - 1)
        }
        return slot
    }

    /// The slot in which the search for the key begins: both halves of its product with an odd constant (2^64
    /// divided by the golden ratio).
    private func home(of key: Int64) -> Int {
        let product = (UInt64(bitPattern: key) ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return Int(truncatingIfNeeded: product.high ^ product.low) & (entries.count - 1)
    }

    private mutating func allocate(for keys: Int) {
        var capacity = Self.minCapacity
        while capacity < 2 * keys { capacity *= 2 }
        entries = Array(repeating: Entry(key: 0, index: Self.free), count: capacity)
    }

    private mutating func grow() {
        let old = entries
        allocate(for: old.count)
        for entry in old where entry.index != Self.free { entries[slot(of: entry.key)] = entry }
    }
}
