import Foundation
import Relations
import TestSupport
import Testing
import Wire

/// The JSON of a cell, written as a row of one column.
private func value(_ cell: [UInt8]?, _ type: ColumnType, quotesBig: Bool = false) -> String {
    let format = ValueFormat(type, bigIntegersAsStrings: quotesBig)
    let row = rows(RowEncoder(columns: [("v", format)]), [cell])
    #expect(row.hasPrefix("{\"v\":") && row.hasSuffix("}"))
    let parsed = try? JSONSerialization.jsonObject(with: Data(row.utf8))
    #expect(parsed is [String: Any], "not JSON: \(row)")
    #expect(!row.utf8.contains(0x0A) && !row.utf8.contains(0x0D), "more than one line: \(row)")
    return String(row.dropFirst(5).dropLast())
}

private func value(_ cell: String, _ type: ColumnType, quotesBig: Bool = false) -> String {
    value(Array(cell.utf8), type, quotesBig: quotesBig)
}

private func rows(_ encoder: RowEncoder, _ cells: [[UInt8]?]) -> String {
    let joined = cells.flatMap { $0 ?? [] }
    return joined.withUnsafeBytes { all in
        var start = 0
        return writtenText { buffer in
            encoder.encode(into: &buffer) { place in
                guard let count = cells[place]?.count else { return nil }
                defer { start += count }
                return UnsafeRawBufferPointer(rebasing: all[start..<(start + count)])
            }
        }
    }
}

private let text = ColumnType.text(length: 80, charset: "utf8mb4", collation: "utf8mb4_general_ci")
private let bigint = ColumnType.integer(bits: 64, signed: true, zerofill: false)

struct RowEncoderTests {
    @Test func `a row is one object with its columns in order`() {
        let encoder = RowEncoder(columns: [
            ("id", .integer(quotesBig: false)), ("ti\"tle", .text), ("price", .text), ("gone", .datetime),
        ])
        let row = rows(encoder, [Array("7".utf8), Array("Emma".utf8), Array("1.50".utf8), nil])
        #expect(row == #"{"id":7,"ti\"tle":"Emma","price":"1.50","gone":null}"#)
        #expect(rows(RowEncoder(columns: []), []) == "{}")
    }

    @Test(arguments: [
        "0", "-1", "127", "-128", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
    ])
    func `integers keep all their digits`(cell: String) {
        #expect(value(cell, bigint) == cell)
    }

    @Test(arguments: [
        ("9007199254740992", "9007199254740992"), ("9007199254740993", "\"9007199254740993\""),
        ("-9007199254740992", "-9007199254740992"), ("-9007199254740993", "\"-9007199254740993\""),
        ("18446744073709551615", "\"18446744073709551615\""), ("-999999999999999", "-999999999999999"),
        ("0", "0"),
        ("00009007199254740992", "9007199254740992"), ("-9223372036854775808", "\"-9223372036854775808\""),
    ])
    func `integers that a double cannot hold are strings if so configured`(cell: String, expected: String) {
        #expect(value(cell, bigint, quotesBig: true) == expected)
    }

    @Test func `leading zeros are dropped`() {
        let zerofill = ColumnType.integer(bits: 32, signed: false, zerofill: true)
        #expect(value("0000000042", zerofill) == "42")
        #expect(value("0000000000", zerofill) == "0")
        #expect(value("0000", .year) == "0")
        #expect(value("2155", .year) == "2155")
    }

    @Test func `bits are written as a number`() {
        #expect(value([0], .bit(width: 1)) == "0")
        #expect(value([1], .bit(width: 1)) == "1")
        #expect(value([0x01, 0x02], .bit(width: 9)) == "258")
        #expect(value([UInt8](repeating: 0xFF, count: 8), .bit(width: 64)) == "18446744073709551615")
        #expect(
            value([UInt8](repeating: 0xFF, count: 8), .bit(width: 64), quotesBig: true)
                == "\"18446744073709551615\"")
        #expect(value([0, 0x20, 0, 0, 0, 0, 0, 0], .bit(width: 64), quotesBig: true) == "9007199254740992")
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "-0.0"), ("42", "42"), ("-1.5", "-1.5"), ("0.1", "0.1"), ("1e16", "1e+16"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("2.2250738585072014e-308", "2.2250738585072014e-308"),
        ("5e-324", "5e-324"), ("0000012.50", "12.5"), ("0.30000000000000004", "0.30000000000000004"),
        ("100000", "100000"),
    ])
    func `doubles have the shortest digits`(cell: String, expected: String) {
        #expect(value(cell, .double) == expected)
    }

    @Test(arguments: [
        ("0.10000000149011612", "0.1"), ("3.4028234663852886e38", "3.4028235e+38"), ("16777216", "16777216"),
        ("1.401298464324817e-45", "1e-45"), ("-2", "-2"), ("0", "0"),
        ("1.1754943508222875e-38", "1.1754944e-38"),
    ])
    func `floats have the shortest digits of their own precision`(cell: String, expected: String) {
        #expect(value(cell, .float) == expected)
    }

    @Test(arguments: UInt64(0)..<50)
    func `real numbers read back the same`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let double = Double(bitPattern: random.next())
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if double.isFinite { #expect(Double(value("\(double)", .double)) == double, "seed \(seed)") }
            if float.isFinite { #expect(Float(value("\(Double(float))", .float)) == float, "seed \(seed)") }
        }
    }

    @Test(arguments: [
        (ColumnType.decimal(precision: 65, scale: 30, unsigned: false), "-0.100000000000000000000000000000"),
        (.date, "2026-11-22"), (.date, "0000-00-00"), (.time(fraction: 0), "-838:59:59"),
        (.time(fraction: 6), "00:00:00.000001"), (.uuid, "123e4567-e89b-12d3-a456-426655440000"),
        (.inet4, "0.0.0.0"),
        (.inet6, "2001:db8::ff00:42:8329"), (.enumeration(charset: "utf8mb4", collation: "utf8mb4_bin"), ""),
        (.set(charset: "utf8mb4", collation: "utf8mb4_bin"), "a,b"),
    ])
    func `values of textual types are quoted as they come`(type: ColumnType, cell: String) {
        #expect(value(cell, type) == "\"\(cell)\"")
    }

    @Test func `dates with a time have a T, and a Z if they are in UTC`() {
        #expect(value("2026-11-22 10:39:00", .datetime(fraction: 0)) == #""2026-11-22T10:39:00""#)
        #expect(
            value("9999-12-31 23:59:59.999999", .datetime(fraction: 6)) == #""9999-12-31T23:59:59.999999""#)
        #expect(value("2026-11-22 10:39:00.1", .timestamp(fraction: 1)) == #""2026-11-22T10:39:00.1Z""#)
        #expect(value("0000-00-00 00:00:00", .timestamp(fraction: 0)) == #""0000-00-00T00:00:00Z""#)
        #expect(value("0000-00-00 00:00:00", .datetime(fraction: 0)) == #""0000-00-00T00:00:00""#)
    }

    @Test func `text is escaped where JSON needs it and nowhere else`() {
        #expect(
            value("a\"b\\c/\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}", text) == #""a\"b\\c/\n\r\t\b\f\u0000\u001f"#
                + "\u{7f}\"")
        #expect(value("Žluťoučký 😀 \u{2028}", text) == "\"Žluťoučký 😀 \u{2028}\"")
        #expect(value("", text) == "\"\"")
    }

    @Test(arguments: [0, 1, 7, 8, 9, 4095, 4096, 4097, 4099, 20_000])
    func `a long text with an awkward end is escaped`(length: Int) throws {
        for tail in ["", "\"", "é", "😀", "\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}"] {
            let cell =
                String(repeating: "x", count: length) + tail + String(repeating: "\u{2}", count: length)
            let json = value(cell, text)
            #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == cell)
        }
    }

    @Test(arguments: UInt64(0)..<200)
    func `bytes that are not UTF-8 become the text to which Swift repairs them`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let leads: [UInt8] = [
            0xC2, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0x80, 0x9F, 0xA0, 0xBF, 0x22, 0x5C, 0x0A, 0x41,
        ]
        let cell = (0..<Int.random(in: 0...60, using: &random)).map { _ in
            Bool.random(using: &random)
                ? leads.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
        }
        let json = value(cell, text)
        let decoded = try JSONDecoder().decode(String.self, from: Data(json.utf8))
        #expect(Array(decoded.utf8) == Array(String(decoding: cell, as: UTF8.self).utf8), "seed \(seed)")
    }

    @Test(arguments: 0...100)
    func `binary data is written in base64`(length: Int) {
        var random = SeededGenerator(seed: UInt64(length))
        let cell = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(value(cell, .binary(length: 255)) == "\"\(Data(cell).base64EncodedString())\"")
        #expect(value(cell, .geometry) == "\"\(Data(cell).base64EncodedString())\"")
    }

    @Test(arguments: [
        (#"{"a": [1, "x\n", null]}"#, #"{"a": [1, "x\n", null]}"#),
        ("{\n\t\"a\":\r\n1\n}", "{ \t\"a\":  1 }"),
        ("1.50", "1.50"), ("\"é\"", "\"é\""), (#"{"a":1,"a":2}"#, #"{"a":1,"a":2}"#), (" [] ", " [] "),
        ("", "\"\""), ("{", "\"{\""), ("01", "\"01\""), ("NaN", "\"NaN\""), ("[1]\n]", #""[1]\n]""#),
        (#"{"a":"b}"#, #""{\"a\":\"b}""#), (#""\ud800""#, #""\"\\ud800\"""#), ("\u{FEFF}1", "\"\u{FEFF}1\""),
    ])
    func `a JSON document is written as it is on one line, or as a string`(cell: String, expected: String) {
        #expect(value(cell, .json) == expected)
    }

    @Test func `a JSON document that is nested too deep or is not UTF-8 is written as a string`() {
        #expect(
            value(String(repeating: "[", count: 513) + String(repeating: "]", count: 513), .json).hasPrefix(
                "\"["))
        #expect(value([0x22, 0xFF, 0x22], .json) == "\"\\\"\u{FFFD}\\\"\"")
    }
}
