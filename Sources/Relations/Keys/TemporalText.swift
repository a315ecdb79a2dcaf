/// Dates and times as keys: reads strict forms, and writes the server's own form with as many fraction digits
/// as the column keeps.
enum TemporalText {
    /// Reads `YYYY-MM-DD`, which is the canonical form too.
    static func date(_ text: [UInt8]) -> [UInt8]? {
        var scanner = TextScanner(text)
        guard takeDate(&scanner) != nil, scanner.atEnd else { return nil }
        return text
    }

    /// Reads `YYYY-MM-DD`, a `T` or a blank, and `HH:MM:SS[.f…]`. For a `TIMESTAMP`, which holds a second of
    /// UTC, the day must be one of the calendar, and a `Z` may follow.
    static func dateTime(_ text: [UInt8], fraction: Int, isTimestamp: Bool) -> [UInt8]? {
        var scanner = TextScanner(text)
        guard let day = takeDate(&scanner), day.isPossible || !isTimestamp,
            scanner.take("T") || scanner.take(" "),
            let hour = scanner.takeNumber(digits: 2), hour < 24,
            takeMinutesAndSeconds(&scanner),
            let digits = takeFraction(&scanner, digits: fraction)
        else { return nil }
        if isTimestamp { _ = scanner.take("Z") }
        guard scanner.atEnd else { return nil }
        return Array(text[0..<10]) + [UInt8(ascii: " ")] + Array(text[11..<19]) + digits
    }

    /// Reads `[-]H:MM:SS[.f…]`, with hours up to 838 in one to three digits; in the canonical form they have
    /// at least two.
    static func time(_ text: [UInt8], fraction: Int) -> [UInt8]? {
        var scanner = TextScanner(text)
        let negative = scanner.take("-")
        guard let hourDigits = scanner.takeDigits(), hourDigits.count <= 3,
            takeMinutesAndSeconds(&scanner),
            let digits = takeFraction(&scanner, digits: fraction), scanner.atEnd
        else { return nil }
        let hours = hourDigits.reduce(0) { $0 * 10 + Int($1.digitValue) }
        guard hours <= 838 else { return nil }
        let clock =
            Array(hours.padded(toDigits: 2).utf8) + Array(text[hourDigits.endIndex...].prefix(6)) + digits
        let zero = !clock.contains { $0.isDigit && $0 != UInt8(ascii: "0") }
        return negative && !zero ? [UInt8(ascii: "-")] + clock : clock
    }

    /// A day that the server may have stored.
    private struct Day {
        /// Whether the calendar has the day, or it is a zero date, in which the month, the day or everything
        /// is 0.
        let isPossible: Bool
    }

    /// Reads `YYYY-MM-DD` with a day up to 31 in every month: `2026-02-30` may have been stored under the SQL
    /// mode `ALLOW_INVALID_DATES`.
    private static func takeDate(_ scanner: inout TextScanner) -> Day? {
        guard let year = scanner.takeNumber(digits: 4), scanner.take("-"),
            let month = scanner.takeNumber(digits: 2), scanner.take("-"),
            let day = scanner.takeNumber(digits: 2), month <= 12, day <= 31
        else { return nil }
        return Day(isPossible: day <= daysInMonth(month, year: year))
    }

    /// Whether a date in its canonical form, with a time or without, is a day that the calendar does not
    /// have.
    static func isImpossible(_ text: [UInt8]) -> Bool {
        // Every month has at least 28 days.
        guard text.count >= 10, text[8] > UInt8(ascii: "2") || text[9] > UInt8(ascii: "8") else {
            return false
        }
        var scanner = TextScanner(text)
        return takeDate(&scanner)?.isPossible == false
    }

    /// The number of days in a month of the server's calendar, which is Gregorian throughout. Year 0 has no
    /// leap day, and month 0, that of zero dates, has room for any day.
    private static func daysInMonth(_ month: Int, year: Int) -> Int {
        let leap = year % 4 == 0 && (year % 100 != 0 || (year % 400 == 0 && year != 0))
        return [31, 31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month]
    }

    private static func takeMinutesAndSeconds(_ scanner: inout TextScanner) -> Bool {
        guard scanner.take(":"), let minute = scanner.takeNumber(digits: 2), scanner.take(":"),
            let second = scanner.takeNumber(digits: 2)
        else { return false }
        return minute < 60 && second < 60
    }

    /// Reads `.f…`, and writes it with exactly `count` digits: missing ones are zeros, and surplus ones must
    /// be. Empty if `count` is 0.
    private static func takeFraction(_ scanner: inout TextScanner, digits count: Int) -> [UInt8]? {
        var given: ArraySlice<UInt8> = []
        if scanner.take(".") {
            guard let digits = scanner.takeDigits() else { return nil }
            given = digits
        }
        guard given.dropFirst(count).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
        guard count > 0 else { return [] }
        let padding = repeatElement(UInt8(ascii: "0"), count: max(0, count - given.count))
        return [UInt8(ascii: ".")] + Array(given.prefix(count)) + Array(padding)
    }
}
