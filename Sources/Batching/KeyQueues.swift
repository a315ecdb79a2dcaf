import Relations

/// The keys of all batch keys that were asked for. Each queue is changed where it stands: taken out, it would be copied.
struct KeyQueues {
    private(set) var all: [KeyQueue] = []
    /// By the batch key's number.
    private var indices = IntegerMap()

    /// A batch key that is not known is one of which nothing was asked.
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
