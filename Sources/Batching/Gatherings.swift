import Relations

/// The keys of all shapes that were asked for. Each gathering is changed where it stands: taken out, it would be copied.
struct Gatherings {
    private(set) var all: [Gathering] = []
    /// By the shape's number.
    private var places = IntegerMap()

    /// A shape that is not known is one of which nothing was asked.
    subscript(shape: Shape) -> Gathering {
        _read {
            if let place = places[Int64(shape.number)] {
                yield all[place]
            } else {
                yield Gathering(shape: shape)
            }
        }
        _modify { yield &all[place(for: shape)] }
    }

    private mutating func place(for shape: Shape) -> Int {
        if let known = places[Int64(shape.number)] { return known }
        all.append(Gathering(shape: shape))
        places[Int64(shape.number)] = all.count - 1
        return all.count - 1
    }

    mutating func remove(where isUnused: (Gathering) -> Bool) {
        all.removeAll(where: isUnused)
        places = IntegerMap(capacity: all.count)
        for (place, gathering) in all.enumerated() { places[Int64(gathering.shape.number)] = place }
    }
}
