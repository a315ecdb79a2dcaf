import Relations

/// The queues of all batch keys that were asked for. Each is changed where it stands, since taking it out
/// would copy it.
struct KeyQueues {
    private(set) var all: [KeyQueue] = []
    /// The index of a queue by its batch key's number.
    private var indices = IntegerMap()

    /// The queue of a batch key, which is empty if nothing was asked of it.
    subscript(batchKey: BatchKey) -> KeyQueue {
        _read {
            if let index = indices[Int64(batchKey.number)] {
                yield all[index]
            } else {
                yield KeyQueue(batchKey: batchKey)
            }
        }
        _modify { yield &all[index(for: batchKey)] }
    }

    private mutating func index(for batchKey: BatchKey) -> Int {
        if let known = indices[Int64(batchKey.number)] { return known }
        all.append(KeyQueue(batchKey: batchKey))
        indices[Int64(batchKey.number)] = all.count - 1
        return all.count - 1
    }

    mutating func remove(where isUnused: (KeyQueue) -> Bool) {
        all.removeAll(where: isUnused)
        indices = IntegerMap(capacity: all.count)
        for (index, queue) in all.enumerated() { indices[Int64(queue.batchKey.number)] = index }
    }
}
