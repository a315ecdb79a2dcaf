import FanOut
import Relations
import TestSupport
import Testing

@Suite struct RowSegmentsTests {
    @Test(arguments: UInt64(0)..<200)
    func `every row reaches its key and no other, in the order in which it came`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let keys = Int.random(in: 1...8, using: &random)
        let segments = RowSegments(keys: keys)
        var arena: [Int] = []
        var expected: [[Int]] = Array(repeating: [], count: keys)
        for row in 0..<Int.random(in: 0...60, using: &random) {
            let key = Int.random(in: 0..<keys, using: &random)
            let start = arena.count
            // A separator is written as -1.
            if segments.continues(key) { arena.append(-1) }
            arena.append(row)
            segments.add(start..<arena.count, to: key)
            expected[key].append(row)
        }
        for key in 0..<keys {
            var found: [Int] = []
            var separators = 0
            segments.forEachSegment(of: key) { _, segment in
                found += arena[segment.range].filter { $0 >= 0 }
                separators += arena[segment.range].count { $0 < 0 }
                #expect(arena[segment.range].count == 2 * segment.rows - 1)
                #expect(arena[segment.range.lowerBound] >= 0, "a segment starts with a row")
            }
            #expect(found == expected[key])
            #expect(segments.rows(of: key) == expected[key].count)
            #expect(segments.bytes(of: key) == found.count + separators)
        }
    }

    @Test func `rows that come in the opposite order are turned around`() {
        let segments = RowSegments(keys: 2, isReversed: true)
        #expect(!segments.continues(1))
        for row in 0..<3 { segments.add(row..<(row + 1), to: 1) }
        segments.add(3..<4, to: 0)
        var ranges: [Range<Int>] = []
        segments.forEachSegment(of: 1) { ranges.append($1.range) }
        #expect(ranges == [2..<3, 1..<2, 0..<1])
        #expect(segments.rows(of: 1) == 3 && segments.bytes(of: 1) == 3)
    }

    @Test func `rows that follow one another are one segment`() {
        let segments = RowSegments(keys: 2)
        segments.add(0..<5, to: 1)
        segments.add(5..<9, to: 1)
        var ranges: [Range<Int>] = []
        segments.forEachSegment(of: 1) { ranges.append($1.range) }
        #expect(ranges == [0..<9])
    }
}

@Suite struct ReturnedKeyTests {
    private func read(_ text: String, _ type: ColumnType) -> Scalar? {
        var bytes = Array(text.utf8)
        return bytes.withUnsafeMutableBytes { ReturnedKey.scalar(UnsafeRawBufferPointer($0), as: type) }
    }

    private let bigint = ColumnType.integer(bits: 64, signed: true, zerofill: false)

    @Test(arguments: [
        ("0", Scalar.integer(0)), ("-1", .integer(-1)), ("00042", .integer(42)),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)),
        ("18446744073709551615", .unsigned(.max)),
    ])
    func `an integer reads back as the key that was checked`(text: String, expected: Scalar) {
        #expect(read(text, bigint) == expected)
    }

    @Test(arguments: ["", "-", "1abc", " 1", "1.0", "18446744073709551616", "-9223372036854775809"])
    func `bytes that are no integer belong to no key`(text: String) {
        #expect(read(text, bigint) == nil)
    }

    @Test func `a BIT is read from its bytes`() {
        #expect(read("\u{1}\u{2}", .bit(width: 10)) == .integer(258))
    }

    @Test func `NULL belongs to no key`() {
        #expect(ReturnedKey.scalar(nil, as: bigint) == nil)
    }

    @Test func `the lookup finds each key and nothing else`() {
        let keys = (0..<10).map { Key.composite([.integer(Int64($0)), .integer(Int64($0 * $0))]) }
        var lookup = KeyLookup(keys)
        for place in [3, 3, 9, 0, 3] { #expect(lookup.index(of: keys[place]) == place) }
        #expect(lookup.index(of: .composite([.integer(1), .integer(2)])) == nil)
        #expect(lookup.index(of: .composite([.integer(1), .integer(2)])) == nil)
    }
}
