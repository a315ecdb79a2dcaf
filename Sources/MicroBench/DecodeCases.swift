import Wire

/// From the bytes of a client to requests, as a session reads them.
extension Case {
    static let decode = [
        Case(
            name: "decode/key", unit: "request", unitsPerIteration: 1,
            ceiling: Cost(instructions: 2_160, allocations: 1.15)
        ) { decode([#"{"id":7,"load":"authors.books","key":42}"#], iterations: $0) },
        Case(
            name: "decode/columns", unit: "request", unitsPerIteration: 1,
            ceiling: Cost(instructions: 2_340, allocations: 1.15)
        ) { decode(linesOfPlaces(1), iterations: $0) },
        Case(
            name: "decode/50 places", unit: "request", unitsPerIteration: 50,
            ceiling: Cost(instructions: 5_600, allocations: 1.15)
        ) { decode(linesOfPlaces(50), iterations: $0) },
        Case(
            name: "decode/5000 places", unit: "request", unitsPerIteration: 5000,
            ceiling: Cost(instructions: 5_700, allocations: 1.15)
        ) { decode(linesOfPlaces(5000), iterations: $0) },
        Case(
            name: "decode/keys", unit: "key of 20", unitsPerIteration: 20,
            ceiling: Cost(instructions: 720, allocations: 0.4)
        ) {
            let keys = (1...20).map { String($0 * 7) }.joined(separator: ",")
            return decode([#"{"id":7,"load":"authors.books","keys":[\#(keys)]}"#], iterations: $0)
        },
    ]

    /// What so many places in programs ask for, one after the other; none of them has an option of another.
    private static func linesOfPlaces(_ count: Int) -> [String] {
        (0..<count).map { place in
            #"{"id":\#(place),"load":"authors.books","key":42,"columns":["id","title"],"limit":\#(place)}"#
        }
    }

    /// One line per receipt: most clients wait for their answer before they ask again. All lines are decoded
    /// in each iteration.
    private static func decode(_ lines: [String], iterations: Int) -> Int {
        let lines = lines.map { Array(($0 + "\n").utf8) }
        var decoder = RequestDecoder(.init(maxKeys: 10_000, maxIncludeDepth: 8, maxIncludes: 256))
        var framer = LineFramer(limit: 1 << 20)
        var keys = 0
        for _ in 0..<iterations {
            for line in lines {
                _ = framer.receive(upTo: 1 << 16) { space in
                    space.copyBytes(from: line)
                    return line.count
                }
                while framer.next({ keys += keyCount($0, &decoder) }) {}
            }
        }
        return keys
    }

    private static func keyCount(_ frame: Frame, _ decoder: inout RequestDecoder) -> Int {
        guard case .line(let line) = frame,
            case .success(let request) = decoder.decode(line),
            case .load(let load) = request.operation
        else { return 0 }
        return switch load.keys {
        case .one: 1
        case .many(let keys): keys.count
        }
    }
}
