import FanOut
import Relations
import TestSupport
import Testing

@Suite struct RowKeysTests {
    @Test(arguments: UInt64(0)..<200)
    func `every row finds its own key, and all keys differ`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let values = Int64.random(in: 1...20, using: &generator)
        let rows = (0..<Int.random(in: 0...60, using: &generator)).map { _ -> Key? in
            let part = Scalar.integer(Int64.random(in: 1...values, using: &generator))
            switch Int.random(in: 0...3, using: &generator) {
            case 0: return nil
            case 1: return .composite([part, .text([65])])
            default: return .single(part)
            }
        }
        var found = RowKeys()
        for row in rows { found.add(row) }
        #expect(found.positions.map { $0.map { found.keys[$0] } } == rows, "seed \(seed)")
        #expect(Set(found.keys).count == found.keys.count, "seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<200)
    func `rows that are not joined are segments of their own, numbered in the order in which they came`(
        seed: UInt64
    ) {
        var generator = SeededGenerator(seed: seed)
        let keys = Int.random(in: 1...6, using: &generator)
        let segments = RowSegments(keys: keys, joinsRows: false)
        var expected: [[(Int, Range<Int>)]] = Array(repeating: [], count: keys)
        var end = 0
        for number in 0..<Int.random(in: 0...40, using: &generator) {
            let key = Int.random(in: 0..<keys, using: &generator)
            let range = end..<(end + Int.random(in: 1...9, using: &generator))
            #expect(!segments.continues(key))
            segments.add(range, to: key)
            expected[key].append((number, range))
            end = range.upperBound
        }
        for key in 0..<keys {
            var found: [(Int, Range<Int>)] = []
            segments.forEachSegment(of: key) { found.append(($0, $1.range)) }
            #expect(found.map(\.0) == expected[key].map(\.0), "seed \(seed)")
            #expect(found.map(\.1) == expected[key].map(\.1), "seed \(seed)")
            #expect(segments.rows(of: key) == expected[key].count, "seed \(seed)")
        }
    }
}
