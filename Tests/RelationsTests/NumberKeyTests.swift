import Relations
import TestSupport
import Testing

private let unsignedBigint = ColumnType.integer(bits: 64, signed: false, zerofill: false)
private let int = ColumnType.integer(bits: 32, signed: true, zerofill: false)
private let tinyint = ColumnType.integer(bits: 8, signed: true, zerofill: true)
private let money = ColumnType.decimal(precision: 6, scale: 2, unsigned: false)

struct NumberKeyTests {
    @Test(arguments: [
        Reading("42", int, "integer 42"), Reading("-42", int, "integer -42"),
        Reading("-0", int, "integer 0"), Reading("0", int, "integer 0"),
        Reading("042", int, nil), Reading("+42", int, nil), Reading("42.0", int, nil),
        Reading("1e3", int, nil), Reading("1abc", int, nil), Reading(" 1", int, nil),
        Reading("", int, nil), Reading("-", int, nil), Reading("--1", int, nil), Reading("-01", int, nil),
        Reading("2147483647", int, "integer 2147483647"), Reading("2147483648", int, nil),
        Reading("-2147483648", int, "integer -2147483648"), Reading("-2147483649", int, nil),
        Reading("127", tinyint, "integer 127"), Reading("128", tinyint, nil), Reading("-129", tinyint, nil),
        Reading("9223372036854775807", bigint, "integer 9223372036854775807"),
        Reading("9223372036854775808", bigint, nil),
        Reading("-9223372036854775808", bigint, "integer -9223372036854775808"),
        Reading("-9223372036854775809", bigint, nil),
        Reading("9223372036854775807", unsignedBigint, "integer 9223372036854775807"),
        Reading("9223372036854775808", unsignedBigint, "unsigned 9223372036854775808"),
        Reading("18446744073709551615", unsignedBigint, "unsigned 18446744073709551615"),
        Reading("18446744073709551616", unsignedBigint, nil),
        Reading("99999999999999999999999999", unsignedBigint, nil), Reading("-1", unsignedBigint, nil),
        Reading("16777215", .integer(bits: 24, signed: false, zerofill: false), "integer 16777215"),
        Reading("16777216", .integer(bits: 24, signed: false, zerofill: false), nil),
        Reading("0", .year, "integer 0"), Reading("1900", .year, nil), Reading("1901", .year, "integer 1901"),
        Reading("2155", .year, "integer 2155"), Reading("2156", .year, nil), Reading("70", .year, nil),
        Reading("1", .bit(width: 1), "integer 1"), Reading("2", .bit(width: 1), nil),
        Reading("-1", .bit(width: 8), nil),
        Reading("18446744073709551615", .bit(width: 64), "unsigned 18446744073709551615"),
    ])
    func `an integer is accepted as plain digits within the column's range`(row: Reading) {
        #expect(read(row.given, as: row.type) == row.canonical)
        if !row.given.isEmpty { #expect(read(number(row.given), as: row.type) == row.canonical) }
    }

    @Test func `an integer literal must be within the range as well`() {
        #expect(read(.integer(-128), as: tinyint) == "integer -128")
        #expect(read(.integer(4_294_967_296), as: int) == nil)
        #expect(read(.integer(-1), as: unsignedBigint) == nil)
        #expect(read(.integer(7), as: .double) == "7")
        #expect(read(.integer(-7), as: money) == "-7.00")
    }

    @Test(arguments: [
        Reading("1.5", money, "1.50"), Reading("1", money, "1.00"), Reading("-0", money, "0.00"),
        Reading("-0.000", money, "0.00"), Reading("1.500", money, "1.50"), Reading("1.505", money, nil),
        Reading("9999.99", money, "9999.99"), Reading("10000", money, nil),
        Reading("-9999.99", money, "-9999.99"),
        Reading("007.1", money, "7.10"), Reading("0.05", money, "0.05"), Reading(".5", money, nil),
        Reading("5.", money, nil), Reading("+5", money, nil), Reading("1,5", money, nil),
        Reading("", money, nil),
        Reading("-", money, nil), Reading(" 1", money, nil), Reading("1e2", money, nil),
        Reading("0x10", money, nil),
        Reading("100", .decimal(precision: 3, scale: 0, unsigned: false), "100"),
        Reading("0.5", .decimal(precision: 2, scale: 2, unsigned: false), "0.50"),
        Reading("1", .decimal(precision: 2, scale: 2, unsigned: false), nil),
        Reading("-1", .decimal(precision: 6, scale: 2, unsigned: true), nil),
        Reading("-0.00", .decimal(precision: 6, scale: 2, unsigned: true), "0.00"),
    ])
    func `a decimal has exactly the column's fraction digits`(row: Reading) {
        #expect(read(row.given, as: row.type) == row.canonical)
    }

    @Test(arguments: [
        Reading("15e-1", money, "1.50"), Reading("1.5E+1", money, "15.00"), Reading("1e3", money, "1000.00"),
        Reading("1e4", money, nil), Reading("1e-2", money, "0.01"), Reading("1e-3", money, nil),
        Reading("0e999999999999999999999", money, "0.00"), Reading("1e999999999999999999999", money, nil),
        Reading("1e-999999999999999999999", money, nil), Reading("1000000e-4", money, "100.00"),
    ])
    func `a JSON number's exponent is expanded digit by digit`(row: Reading) {
        #expect(read(number(row.given), as: row.type) == row.canonical)
    }

    @Test(arguments: [
        Reading("0.1", .double, "0.1"), Reading("1e3", .double, "1000"), Reading("-0.0", .double, "0"),
        Reading("1.0", .double, "1"), Reading("9007199254740993", .double, "9007199254740992"),
        Reading("1e308", .double, "1e+308"), Reading("1e309", .double, nil), Reading("1e-999", .double, "0"),
        Reading("NaN", .double, nil), Reading("inf", .double, nil), Reading("0x1p3", .double, nil),
        Reading("01", .double, nil), Reading(" 1", .double, nil), Reading("1.", .double, nil),
        Reading("1e", .double, nil), Reading("", .double, nil),
        Reading("0.1", .float, "0.10000000149011612"), Reading("0.5", .float, "0.5"),
        Reading("16777217", .float, "16777216"), Reading("3.5e38", .float, nil), Reading("-0", .float, "0"),
        Reading("1e-60", .float, "0"),
    ])
    func `a float is finite, and written with the shortest digits of a double`(row: Reading) {
        #expect(read(row.given, as: row.type) == row.canonical)
    }

    @Test(arguments: UInt64(0)..<200)
    func `every spelling of one decimal has one canonical form`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let scale = Int.random(in: 0...6, using: &random)
        let type = ColumnType.decimal(precision: 12, scale: scale, unsigned: false)
        let units = Int64.random(in: -999_999...999_999, using: &random)
        let zeros = String(repeating: "0", count: Int.random(in: 0...4, using: &random))
        let canonical = read(number("\(units)e-\(scale)"), as: type)
        #expect(read(number("\(units)\(zeros)e-\(scale + zeros.utf8.count)"), as: type) == canonical)
        #expect(canonical.flatMap { read($0, as: type) } == canonical)
        #expect(canonical.flatMap { Double($0) } == Double("\(units)e-\(scale)"))
        if scale > 0 { #expect(canonical.flatMap { read($0 + zeros, as: type) } == canonical) }
        let (sign, digits) = units < 0 ? ("-", "\(-units)") : ("", "\(units)")
        #expect(
            read(
                number("\(sign)0.\(zeros)\(digits)e\(zeros.utf8.count + digits.utf8.count - scale)"), as: type
            ) == canonical)
    }

    @Test(arguments: UInt64(0)..<200)
    func `a float's canonical form is its own canonical form and reads back as the same number`(seed: UInt64)
        throws
    {
        var random = SeededGenerator(seed: seed)
        let double = Double(bitPattern: random.next())
        let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        guard double.isFinite, float.isFinite else { return }
        let doubleText = try #require(read("\(double)", as: .double))
        #expect(Double(doubleText) == double && read(doubleText, as: .double) == doubleText)
        let floatText = try #require(read("\(float)", as: .float))
        #expect(Float(floatText) == float && read(floatText, as: .float) == floatText)
        #expect(Double(floatText) == Double(float))
    }
}
