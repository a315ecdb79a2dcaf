import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// The protocol, one statement of its documentation after the other.
@Suite struct ProtocolTests {
    private static let shared = Result { try BookshopFixture() }

    private var shop: BookshopFixture { get throws { try Self.shared.get() } }

    private func ask(_ line: String) throws -> JSONValue { try shop.daemon.ask(line) }

    /// Sends bytes, shuts down the sending side, and returns every reply up to the end of the connection.
    private func replies(_ bytes: [UInt8]) throws -> [String] {
        let client = try shop.daemon.client()
        try client.send(bytes)
        client.finishSending()
        var lines: [String] = []
        while let line = try client.receive() { lines.append(line) }
        return lines
    }

    @Test func `carriage returns, empty lines and lines of blanks are ignored`() throws {
        let lines = try replies(Array("\n\r\n  \t \n{\"id\":1,\"op\":\"ping\"}\r\n\n".utf8))
        #expect(lines == [#"{"id":1,"pong":true}"#])
    }

    @Test func `a last line without a line end is a request when the client shuts down its sending side`()
        throws
    {
        let lines = try replies(
            Array("{\"id\":1,\"op\":\"ping\"}\n{\"id\":2,\"load\":\"books.author\",\"key\":1}".utf8))
        #expect(lines.count == 2)
        #expect(lines.contains { $0.hasPrefix(#"{"id":2,"row":{"id":"#) })
    }

    @Test(arguments: [
        "7", "-7", "0", "9223372036854775807", "18446744073709551615", "-9223372036854775808", #""text""#,
        #""""#,
        #""q\"\\\u00e9😀""#, "\"" + String(repeating: "x", count: 128) + "\"",
    ])
    func `an id comes back as it was sent`(id: String) throws {
        let reply = try shop.daemon.client().ask(#"{"id":\#(id),"op":"ping"}"#)
        #expect(reply == #"{"id":\#(id),"pong":true}"#)
    }

    @Test(arguments: [
        "1.5", "true", "[1]", "{}", "18446744073709551616", "-9223372036854775809", "1e3",
        "\"" + String(repeating: "x", count: 129) + "\"",
    ])
    func `an id that is neither an integer nor a short string is bad_request and not echoed`(id: String)
        throws
    {
        let reply = try ask(#"{"id":\#(id),"op":"ping"}"#)
        #expect(reply.errorCode == "bad_request")
        #expect(reply["id"] == nil)
        #expect(reply.errorMessage.contains("id"))
    }

    @Test func `a reply to a request without an id has no id`() throws {
        #expect(try shop.daemon.client().ask(#"{"op":"ping"}"#) == #"{"pong":true}"#)
        #expect(try shop.daemon.client().ask(#"{"id":null,"op":"ping"}"#) == #"{"pong":true}"#)
    }

    @Test(arguments: [
        "nonsense", "[]", "1", #"{"id":1,"op":"ping"}{}"#, #"{"id":1,"id":2,"op":"ping"}"#,
        #"{"op":"ping","x":"\ud800"}"#,
        "\u{FEFF}{\"op\":\"ping\"}", #"{"op":"ping",}"#, #"{"op":"#, #"{"op":"ping","x":01}"#,
        "{\"key\":" + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "}",
    ])
    func `a line that is not a JSON object is bad_json, and the connection stays open`(line: String) throws {
        let client = try shop.daemon.client()
        #expect(try JSONValue(client.ask(line)).errorCode == "bad_json")
        #expect(try client.ask(#"{"id":1,"op":"ping"}"#) == #"{"id":1,"pong":true}"#)
    }

    @Test func `bytes that are not UTF-8 are bad_json`() throws {
        let line = Array(#"{"op":"ping","x":""#.utf8) + [0xC3, 0x28] + Array("\"}\n".utf8)
        let lines = try replies(line)
        #expect(lines.count == 1)
        #expect(try lines.map { try JSONValue($0).errorCode } == ["bad_json"])
    }

    @Test func `a line that is too long is refused and skipped, and the connection stays open`() throws {
        let long = String(repeating: "x", count: (1 << 20) + 10)
        let lines = try replies(Array("{\"id\":1,\"op\":\"\(long)\"}\n{\"id\":2,\"op\":\"ping\"}\n".utf8))
        #expect(lines.count == 2)
        #expect(try JSONValue(lines.first ?? "").errorCode == "line_too_long")
        #expect(lines.last == #"{"id":2,"pong":true}"#)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST /x HTTP/1.0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}\u{3}\u{3}",
    ])
    func `a client of another protocol gets one bad_json and is disconnected`(hello: String) throws {
        let client = try shop.daemon.client()
        try client.send(hello.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        #expect(try JSONValue(client.ask()).errorCode == "bad_json")
        #expect(try client.receive() == nil)
    }

    @Test(arguments: [
        ("wher", "where"), ("kye", "key"), ("laod", "load"), ("timeout_m", "timeout_ms"),
        ("timeout", "timeout_ms"),
    ])
    func `an unknown member is refused with the nearest known name`(name: String, nearest: String) throws {
        let reply = try ask(#"{"id":1,"op":"ping","\#(name)":1}"#)
        #expect(reply.errorCode == "bad_request")
        #expect(reply.errorMessage.contains("'\(name)'"))
        #expect(reply.errorMessage.contains("'\(nearest)'"))
    }

    @Test func `an operation of a later protocol version is refused with its name`() throws {
        let reply = try ask(#"{"id":1,"op":"auth","token":"x"}"#)
        #expect(reply.errorCode == "bad_request")
        #expect(reply.errorMessage.contains("'auth'"))
    }

    @Test(arguments: [
        #"{"id":1}"#, #"{"id":1,"load":"authors.books"}"#,
        #"{"id":1,"load":"authors.books","key":1,"keys":[1]}"#,
        #"{"id":1,"load":7,"key":1}"#, #"{"id":1,"load":"authors.books","keys":1}"#, #"{"id":1,"op":"pong"}"#,
        #"{"id":1,"op":"ping","key":1}"#, #"{"id":1,"load":"authors.books","key":1,"timeout_ms":0}"#,
        #"{"id":1,"load":"authors.books","key":1,"timeout_ms":"1"}"#,
    ])
    func `a missing member, a superfluous one and one of the wrong type are bad_request`(line: String) throws
    {
        let reply = try ask(line)
        #expect(reply.errorCode == "bad_request")
        #expect(reply["id"] == .number("1"))
    }

    @Test func `hello and describe answer, and an unknown relationship is refused with the nearest name`()
        throws
    {
        #expect(try ask(#"{"id":2,"op":"hello"}"#)["protocol"] == .number("1"))
        let described = try ask(#"{"id":3,"op":"describe","load":"authors.books"}"#)
        #expect(described["relationships"]?[0]?["table"] == .string("books"))
        #expect(described["relationships"]?.elements.count == 1)
        #expect(try ask(#"{"op":"describe","load":"authors.bookz"}"#).errorCode == "unknown_relationship")
        let unknown = try ask(#"{"id":1,"load":"authors.bookz","key":1}"#)
        #expect(unknown.errorCode == "unknown_relationship")
        #expect(unknown.errorMessage.contains("'authors.books'"))
    }

    @Test func `ten thousand requests in one write get ten thousand replies`() throws {
        let lines = (0..<10_000).map { #"{"id":\#($0),"load":"books.author","key":\#($0 % 190)}"# + "\n" }
        let ids = try replies(Array(lines.joined().utf8)).compactMap { try JSONValue($0)["id"]?.number }
        #expect(ids.count == 10_000)
        #expect(Set(ids).count == 10_000)
    }
}
