import Batching

/// The nodes that wait, each found by its place at once: hashing their numbers would be a tenth of the daemon's work.
struct LoadNodeTable {
    private var places: [LoadNode?] = []
    private var free: [Int] = []
    private var lastNumber: UInt64 = 0

    subscript(id: SubmissionID) -> LoadNode? {
        guard places.indices.contains(id.place), let node = places[id.place], node.id.number == id.number
        else {
            return nil
        }
        return node
    }

    /// Gives a node its id.
    mutating func insert(_ node: LoadNode) {
        lastNumber += 1
        let place = free.popLast() ?? places.count
        node.id = SubmissionID(lastNumber, place: place)
        if place == places.count { places.append(node) } else { places[place] = node }
    }

    /// Answers whether it was there.
    mutating func remove(_ node: LoadNode) -> Bool {
        guard self[node.id] != nil else { return false }
        places[node.id.place] = nil
        free.append(node.id.place)
        return true
    }

    var all: [LoadNode] { places.compactMap { $0 } }
}
