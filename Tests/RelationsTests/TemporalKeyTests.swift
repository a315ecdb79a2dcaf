import Relations
import TestSupport
import Testing

struct TemporalKeyTests {
    @Test(arguments: [
        ("2026-11-22", true), ("2024-02-29", true), ("2023-02-29", true), ("1900-02-29", true),
        ("2000-02-29", true), ("0000-02-29", true), ("0000-00-00", true), ("2026-00-00", true),
        ("2026-05-00", true), ("2026-00-15", true), ("2026-13-01", false), ("2026-04-31", true),
        ("2026-02-31", true),
        ("2026-12-31", true), ("2026-12-32", false), ("9999-12-31", true), ("2026-1-1", false),
        ("20261122", false), ("2026/11/22", false), ("26-11-22", false), ("2026-11-22 ", false),
        ("2026-11-22T00:00:00", false), ("2026-11-22x", false), ("", false), ("２026-11-22", false),
    ])
    func `a date is a day of the calendar, a zero date or an impossible day that may have been stored`(
        text: String, good: Bool
    ) {
        #expect(read(text, as: .date) == (good ? text : nil))
    }

    @Test(arguments: [
        Reading("2026-11-22T10:39:00.123456", .datetime(fraction: 6), "2026-11-22 10:39:00.123456"),
        Reading("2026-11-22 10:39:00", .datetime(fraction: 3), "2026-11-22 10:39:00.000"),
        Reading("2026-11-22 10:39:00.5", .datetime(fraction: 3), "2026-11-22 10:39:00.500"),
        Reading("2026-11-22 10:39:00.5000000", .datetime(fraction: 1), "2026-11-22 10:39:00.5"),
        Reading("2026-11-22 10:39:00.000", .datetime(fraction: 0), "2026-11-22 10:39:00"),
        Reading("2026-11-22 10:39:00.51", .datetime(fraction: 1), nil),
        Reading("2026-11-22 10:39:00.1", .datetime(fraction: 0), nil),
        Reading("2026-11-22 10:39:00.", .datetime(fraction: 6), nil),
        Reading("2026-11-22T10:39:00Z", .datetime(fraction: 0), nil),
        Reading("2026-11-22T10:39:00Z", .timestamp(fraction: 0), "2026-11-22 10:39:00"),
        Reading("2026-11-22T10:39:00.25Z", .timestamp(fraction: 2), "2026-11-22 10:39:00.25"),
        Reading("2026-11-22 10:39:00", .timestamp(fraction: 0), "2026-11-22 10:39:00"),
        Reading("2026-11-22T10:39:00z", .timestamp(fraction: 0), nil),
        Reading("2026-11-22T10:39:00+00:00", .timestamp(fraction: 0), nil),
        Reading("2026-11-22T10:39:00ZZ", .timestamp(fraction: 0), nil),
        Reading("0000-00-00 00:00:00", .timestamp(fraction: 0), "0000-00-00 00:00:00"),
        Reading("2026-11-22", .datetime(fraction: 0), nil),
        Reading("2026-11-22 10:39", .datetime(fraction: 0), nil),
        Reading("2026-11-22 24:00:00", .datetime(fraction: 0), nil),
        Reading("2026-11-22 23:60:00", .datetime(fraction: 0), nil),
        Reading("2026-11-22 23:59:60", .datetime(fraction: 0), nil),
        Reading("2026-11-22  3:59:00", .datetime(fraction: 0), nil),
        Reading("2026-02-30 10:00:00", .datetime(fraction: 0), "2026-02-30 10:00:00"),
        Reading("2026-02-32 10:00:00", .datetime(fraction: 0), nil),
        Reading("2026-02-30 10:00:00", .timestamp(fraction: 0), nil),
    ])
    func `a date with a time has the column's number of fraction digits`(row: Reading) {
        #expect(read(row.given, as: row.type) == row.canonical)
    }

    @Test(arguments: [
        Reading("10:39:00", .time(fraction: 0), "10:39:00"),
        Reading("1:02:03", .time(fraction: 0), "01:02:03"),
        Reading("-838:59:59", .time(fraction: 0), "-838:59:59"),
        Reading("839:00:00", .time(fraction: 0), nil),
        Reading("838:59:59.999999", .time(fraction: 6), "838:59:59.999999"),
        Reading("-00:00:00", .time(fraction: 0), "00:00:00"),
        Reading("-0:00:00.0", .time(fraction: 2), "00:00:00.00"),
        Reading("-00:00:00.01", .time(fraction: 2), "-00:00:00.01"),
        Reading("001:00:00", .time(fraction: 0), "01:00:00"),
        Reading("0001:00:00", .time(fraction: 0), nil), Reading("10:00", .time(fraction: 0), nil),
        Reading("100000", .time(fraction: 0), nil), Reading("0 10:00:00", .time(fraction: 0), nil),
        Reading("10:60:00", .time(fraction: 0), nil), Reading("10:00:60", .time(fraction: 0), nil),
        Reading("10:0:00", .time(fraction: 0), nil), Reading("10:00:00Z", .time(fraction: 0), nil),
        Reading("+10:00:00", .time(fraction: 0), nil), Reading(":00:00", .time(fraction: 0), nil),
    ])
    func `a time is within the column's range and has at least two digits of the hour`(row: Reading) {
        #expect(read(row.given, as: row.type) == row.canonical)
    }

    @Test func `a number is no date`() {
        for type in [ColumnType.date, .time(fraction: 0), .datetime(fraction: 0), .timestamp(fraction: 0)] {
            #expect(read(.integer(20_261_122), as: type) == nil)
            #expect(read(.bool(true), as: type) == nil)
        }
    }

    @Test(arguments: UInt64(0)..<200)
    func `every spelling of one date with a time has one canonical form`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func two(_ range: ClosedRange<Int>) -> String {
            let value = Int.random(in: range, using: &random)
            return value < 10 ? "0\(value)" : "\(value)"
        }
        let date = "\(Int.random(in: 1000...9999, using: &random))-\(two(0...12))-\(two(0...28))"
        let clock = "\(two(0...23)):\(two(0...59)):\(two(0...59))"
        let fraction = Int.random(in: 0...6, using: &random)
        let kept = fraction == 0 ? "" : "\(Int.random(in: 0..<10, using: &random))"
        let canonical =
            date + " " + clock
            + (fraction == 0 ? "" : "." + kept + String(repeating: "0", count: fraction - 1))
        let spellings = [" ", "T"].flatMap { separator in
            ["", "0", "0000000"].map { date + separator + clock + "." + kept + "0" + $0 }
        }
        for text in spellings + [canonical] {
            #expect(read(text, as: .datetime(fraction: fraction)) == canonical)
            #expect(read(text + "Z", as: .timestamp(fraction: fraction)) == canonical)
        }
    }
}
