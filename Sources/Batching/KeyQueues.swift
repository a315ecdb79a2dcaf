import Relations

/// The keys of all batch keys that were asked for. Each queue is changed where it stands: taken out, it would be copied.
struct KeyQueues {
    private(set) var all: [KeyQueue] = []
    /// By the batch key's number.
    private var places = IntegerMap()

    /// A batch key that is not known is one of which nothing was asked.
    subscript(batchKey: BatchKey) -> KeyQueue {
        _read {
            if let place = places[Int64(batchKey.number)] {
                yield all[place]
            } else {
                yield KeyQueue(batchKey: batchKey)
            }
        }
        _modify { yield &all[place(for: batchKey)] }
    }

    private mutating func place(for batchKey: BatchKey) -> Int {
        if let known = places[Int64(batchKey.number)] { return known }
        all.append(KeyQueue(batchKey: batchKey))
        places[Int64(batchKey.number)] = all.count - 1
        return all.count - 1
    }

    mutating func remove(where isUnused: (KeyQueue) -> Bool) {
        all.removeAll(where: isUnused)
        places = IntegerMap(capacity: all.count)
        for (place, queue) in all.enumerated() { places[Int64(queue.batchKey.number)] = place }
    }
}
