import Relations
import Testing

private let name = ColumnType.text(length: 3, charset: "latin1", collation: "latin1_bin")

struct TextKeyTests {
    @Test(arguments: ["", "Bob", "BOB  ", "日本", "a\0b", "longer than the column", "1"])
    func `text stays as it was sent`(text: String) {
        for type in [
            name, .enumeration(charset: "utf8mb4", collation: "x"), .set(charset: "utf8mb4", collation: "x"),
        ] {
            #expect(read(text, as: type) == text)
        }
    }

    @Test(arguments: [Literal.integer(1), number("1.5"), .bool(true), .null])
    func `only a string is text`(literal: Literal) {
        for type in [
            name, .enumeration(charset: "u", collation: "c"), .set(charset: "u", collation: "c"), .uuid,
            .inet4, .inet6,
        ] {
            #expect(read(literal, as: type) == nil)
        }
        #expect(read(literal, as: .binary(length: 8)) == nil)
    }

    @Test(arguments: [
        ("", "bytes []"), ("QQ==", "bytes [65]"), ("QUI=", "bytes [65, 66]"), ("QUJD", "bytes [65, 66, 67]"),
        ("+/+/", "bytes [251, 255, 191]"), ("QQ", nil), ("QQ=", nil), ("QR==", nil), ("QUJ=", nil),
        ("QQ==QQ==", nil), ("====", nil), ("Q===", nil), ("QU=C", nil), ("QU I", nil), ("QUI=\n", nil),
        ("-_-_", nil), ("é===", nil),
    ])
    func `bytes are accepted as strict base64 only`(text: String, expected: String?) {
        #expect(read(text, as: .binary(length: 2)) == expected)
    }

    @Test(arguments: [
        ("123E4567-E89B-12d3-a456-426614174000", true), ("123E4567E89B12D3A456426614174000", true),
        ("123e4567-e89b-12d3-a456-42661417400", false), ("123e4567-e89b-12d3-a456-4266141740000", false),
        ("{123e4567-e89b-12d3-a456-426614174000}", false), ("123e4567e-89b-12d3-a456-426614174000", false),
        ("123e4567-e89b-12d3-a456-42661417400g", false), ("123e4567ee89b-12d3-a456-42661417400-", false),
        ("", false), ("------------------------------------", false),
    ])
    func `a UUID is brought into lower case with dashes`(text: String, good: Bool) {
        #expect(read(text, as: .uuid) == (good ? "123e4567-e89b-12d3-a456-426614174000" : nil))
    }

    @Test(arguments: [ColumnType.json, .geometry])
    func `JSON and geometries cannot be keys`(type: ColumnType) {
        for literal in [Literal.string([]), .integer(1), .bool(true), .null] {
            #expect(throws: Failure.self) { try Scalar(literal, as: type) }
        }
    }

    @Test func `the error says what was given and what is expected`() {
        let int = ColumnType.integer(bits: 32, signed: false, zerofill: false)
        #expect(
            failure(.string(Array("1abc".utf8)), int)
                == Failure(
                    .badKey, "'1abc' is no value of INT UNSIGNED: give an integer from 0 to 4294967295"))
        #expect(
            failure(number("1e3"), .date)?.message
                == "1e3 is no value of DATE: give a string like '2026-11-22'")
        #expect(failure(.null, .json)?.message == "null is no value of JSON: such a column cannot be a key")
        let long = failure(.string(Array(String(repeating: "é", count: 100_000).utf8)), int)?.message
        #expect(long?.hasPrefix("'" + String(repeating: "é", count: 80) + "…' is no value") == true)
        #expect(
            failure(.bool(true), .decimal(precision: 5, scale: 1, unsigned: false))?.message
                == "true is no value of DECIMAL(5,1): give a number, or a string of one, with at most 4 digits "
                + "before the point and 1 after it")
    }

    private func failure(_ literal: Literal, _ type: ColumnType) -> Failure? {
        do throws(Failure) {
            _ = try Scalar(literal, as: type)
            return nil
        } catch { return error }
    }
}
