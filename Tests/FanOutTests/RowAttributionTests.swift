import FanOut
import Relations
import TestSupport
import Testing

/// Checks to which key a row belongs.
@Suite struct RowAttributionTests {
    private static let integer = ColumnType.integer(bits: 64, signed: true, zerofill: false)

    /// - Parameter row: the columns' texts; nil for `NULL`.
    private func keyIndex(of row: [String?], by attribution: RowAttribution) -> Int? {
        let text = Array(row.compactMap { $0 }.joined().utf8)
        return text.withUnsafeBytes { bytes in
            attribution.keyIndex { column in
                let start = row[..<column].reduce(0) { $0 + ($1?.utf8.count ?? 0) }
                return row[column].map {
                    UnsafeRawBufferPointer(rebasing: bytes[start..<start + $0.utf8.count])
                }
            }
        }
    }

    @Test(arguments: UInt64(0)..<200)
    func `a row belongs to the key that its columns equal, and to no other`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let width = Int.random(in: 1...3, using: &generator)
        var values: Set<[Int64]> = []
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
            values.insert((0..<width).map { _ in Int64.random(in: -4...4, using: &generator) })
        }
        let keys = values.shuffled(using: &generator)
        let isShown = Bool.random(using: &generator)
        // The columns that lead, or some that the row shows behind one other column.
        let attribution = RowAttribution(
            keys.map(key),
            isShown ? .shown(Array(1...width)) : .values(Array(repeating: Self.integer, count: width)),
            leading: isShown ? 1 : width, shown: Array(repeating: Self.integer, count: width + 1))
        for _ in 0..<50 {
            let row = (0..<width).map { _ -> Int64? in
                Int.random(in: 0...9, using: &generator) == 0 ? nil : .random(in: -4...4, using: &generator)
            }
            let cells = (isShown ? ["7", nil] : []) + row.map { $0.map(String.init) } + ["8"]
            let expected = keys.firstIndex { $0 == row }
            #expect(keyIndex(of: cells, by: attribution) == expected, "seed \(seed), row \(row)")
        }
    }

    private func key(_ values: [Int64]) -> Key {
        values.count == 1 ? .single(.integer(values[0])) : .composite(values.map { .integer($0) })
    }

    @Test func `ordinals count from 1, and one that was not given belongs to no key`() {
        let keys = (1...3).map { key([$0 * 100]) }
        let attribution = RowAttribution(keys, .ordinal, leading: 1, shown: [Self.integer])
        for (cell, expected): (String?, Int?) in [
            ("1", 0), ("3", 2), ("0", nil), ("4", nil), ("-1", nil), ("", nil), ("1x", nil), (nil, nil),
            ("18446744073709551615", nil),
        ] {
            #expect(keyIndex(of: [cell, "100"], by: attribution) == expected, "\(cell ?? "NULL")")
        }
    }

    @Test func `bits are read as bits`() {
        let attribution = RowAttribution(
            [key([0x41]), key([0x4142])], .values([.bit(width: 16)]), leading: 1, shown: [])
        for (cell, expected) in [("A", 0), ("\u{0}A", 0), ("AB", 1), ("65", nil)] {
            #expect(keyIndex(of: [cell], by: attribution) == expected, "\(cell)")
        }
    }

    @Test func `every row belongs to a key that was asked for alone`() {
        let attribution = RowAttribution([key([5])], .single, leading: 0, shown: [Self.integer])
        #expect(keyIndex(of: ["6"], by: attribution) == 0 && keyIndex(of: [nil], by: attribution) == 0)
    }
}
