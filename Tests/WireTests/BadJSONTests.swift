import Relations
import Testing
import Wire

struct BadJSONTests {
    private func isBadJSON(_ line: [UInt8]) -> Bool {
        let failure = decode(line).failure
        return failure?.failure.code == .badJSON && failure?.id == nil
    }

    private func isBadJSON(_ line: String) -> Bool { isBadJSON(Array(line.utf8)) }

    @Test(arguments: [
        "", "x", "42", "[]", "null", #""a""#, "{", "}", #"{"op""#, #"{"op":}"#, #"{"op":"ping""#,
        #"{"op":"ping",}"#,
        #"{,"op":"ping"}"#, #"{"op" "ping"}"#, #"{op:"ping"}"#, #"{'op':'ping'}"#, #"{"op":"ping"}}"#,
        #"{"op":"ping"} x"#, #"{"op":"ping"}{"op":"ping"}"#, "{\"op\":\"ping\"}\0",
        "\u{FEFF}{\"op\":\"ping\"}",
    ])
    func `a line that is not one object is bad JSON`(line: String) {
        #expect(isBadJSON(line))
    }

    @Test(arguments: [
        "01", "-", "+1", "-01", "00", ".5", "1.", "1.e3", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity",
        "tru",
        "nul", "True", "nulll", "[1", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{1:2}", "\"", "\"\\\"",
        "undefined", "1_000",
        "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\", "\"\\u", "\"a\nb\"", "\"a\tb\"", "\"\u{0}\"",
        "\"\u{1F}\"",
        "\"\\uD800\"", "\"\\uDC00\"", "\"\\uD800\\u0041\"", "\"\\uD800x\"", "\"\\uD800\\n\"",
        "\"\\uDC00\\uD800\"",
    ])
    func `a token that is no value is bad JSON, wherever it stands`(token: String) {
        #expect(isBadJSON("{\"id\":\(token)}"))
        #expect(isBadJSON("{\"id\":1,\"load\":\"a.b\",\"key\":\(token)}"))
        #expect(isBadJSON("{\"id\":1,\"load\":\"a.b\",\"keys\":[\(token)]}"))
        #expect(isBadJSON("{\"id\":1,\"wher\":\(token)}"))
        #expect(isBadJSON("{\"id\":1,\"timeout_ms\":\(token)}"))
        #expect(isBadJSON("{\"id\":1,\"where\":{\"a\":[\(token)]}}"))
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82],
        ] as [[UInt8]])
    func `a line that is not UTF-8 is bad JSON`(bytes: [UInt8]) {
        #expect(isBadJSON(Array("{\"load\":\"".utf8) + bytes + Array("\",\"key\":1}".utf8)))
        #expect(isBadJSON(Array("{\"op\":\"ping\"}".utf8) + bytes))
    }

    @Test(arguments: [
        #"{"id":1,"id":1}"#, #"{"op":"ping","\u006fp":"ping"}"#, #"{"a":1,"b":2,"a":3}"#,
        #"{"a":1,"\u0061":2}"#,
        #"{"key":{"a":1,"a":1}}"#, #"{"where":{"a":[{"b":{"c":1,"c":2}}]}}"#, #"{"id":{"a":1,"a":1}}"#,
        #"{"where":{},"where":{}}"#,
    ])
    func `a repeated member at any level is bad JSON`(line: String) {
        #expect(isBadJSON(line))
    }

    @Test func `the same name in two objects is no repetition`() {
        #expect(
            decode(#"{"load":"a.b","keys":[{"a":1},{"a":1}],"where":{"a":{"a":1}}}"#).failure?.failure.code
                == .badRequest)
    }

    @Test func `objects and lists nest 64 deep and no deeper`() {
        func nested(_ depth: Int) -> String {
            "{\"wher\":" + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
                + "}"
        }
        #expect(decode(nested(64)).failure?.failure.code == .badRequest)
        #expect(isBadJSON(nested(65)))
        #expect(isBadJSON("{\"key\":" + String(repeating: "[", count: 500_000)))
        #expect(isBadJSON(String(repeating: "{\"a\":", count: 200_000)))
    }

    @Test func `the message names the byte`() {
        let message = decode(#"{"id":01}"#).failure?.failure.message
        #expect(message == "the line is not a JSON object in UTF-8: a number with a leading zero at byte 6")
    }
}
