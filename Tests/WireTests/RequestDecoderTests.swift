import Relations
import Testing
import Wire

struct RequestDecoderTests {
    private func load(_ keys: Keys, timeout: Int? = nil) -> Wire.Operation {
        .load(Load(LoadShape(relationship: "authors.books"), keys: keys, timeoutMilliseconds: timeout))
    }

    @Test func `a load with one key is decoded`() {
        let request = decode(#"{"id":1,"load":"authors.books","key":42}"#).request
        #expect(request == Request(id: RequestID(1), operation: load(.one(.scalar(.integer(42))))))
    }

    @Test func `a load with several keys and a deadline is decoded in any order and with blanks`() {
        let line =
            " { \"timeout_ms\" : 50 ,\t\"keys\" : [ 42 , null,[2024,\"a\"] ] , \"load\":\"authors.books\" } "
        let keys: [KeyInput] = [
            .scalar(.integer(42)), .scalar(.null), .list([.integer(2024), .string(Array("a".utf8))]),
        ]
        #expect(decode(line).request == Request(id: nil, operation: load(.many(keys), timeout: 50)))
    }

    @Test func `an empty list of keys is accepted`() {
        let request = decode(#"{"load":"authors.books","keys":[]}"#).request
        #expect(request?.operation == load(.many([])))
    }

    @Test(arguments: [
        (#"{"op":"ping"}"#, Wire.Operation.ping), (#"{"op":"hello","id":null}"#, .hello),
        (#"{"op":"stats"}"#, .stats),
        (#"{"op":"describe"}"#, .describe(relationship: nil)),
        (#"{"load":"a.b","op":"describe"}"#, .describe(relationship: "a.b")),
        (#"{"\u006fp":"p\u0069ng"}"#, .ping),
    ])
    func `other operations are decoded`(line: String, expected: Wire.Operation) {
        #expect(decode(line).request == Request(id: nil, operation: expected))
    }

    @Test(arguments: [
        ("42", KeyInput.scalar(.integer(42))), ("-0", .scalar(.integer(0))), ("null", .scalar(.null)),
        ("true", .scalar(.bool(true))), ("false", .scalar(.bool(false))),
        ("-9223372036854775808", .scalar(.integer(.min))), ("9223372036854775807", .scalar(.integer(.max))),
        ("9223372036854775808", .scalar(.number(Array("9223372036854775808".utf8)))),
        ("-9223372036854775809", .scalar(.number(Array("-9223372036854775809".utf8)))),
        ("1.50", .scalar(.number(Array("1.50".utf8)))), ("1e3", .scalar(.number(Array("1e3".utf8)))),
        ("-0.0", .scalar(.number(Array("-0.0".utf8)))),
        (#""x""#, .scalar(.string(Array("x".utf8)))), (#""""#, .scalar(.string([]))),
        (#""\"\\\/\b\f\n\r\t""#, .scalar(.string(Array("\"\\/\u{8}\u{c}\n\r\t".utf8)))),
        (#""\u00e9\ud83d\uDE00\u0000é😀""#, .scalar(.string(Array("é😀\0é😀".utf8)))),
        ("[2024,17]", .list([.integer(2024), .integer(17)])), ("[]", .list([])), ("[null]", .list([.null])),
        ("{}", .unusable(found: "an object")), (#"{"a":[1]}"#, .unusable(found: "an object")),
        ("[1,[2]]", .unusable(found: "a list within a list")),
        ("[1,{},[]]", .unusable(found: "an object within a list")),
    ])
    func `keys are kept as they were written`(token: String, expected: KeyInput) {
        #expect(decode("{\"load\":\"a.b\",\"key\":\(token)}").key == expected)
    }

    @Test func `an unusable key leaves the others usable`() {
        let keys: [KeyInput] = [.scalar(.integer(1)), .unusable(found: "an object"), .scalar(.integer(2))]
        #expect(
            decode(#"{"load":"authors.books","keys":[1,{"a":1},2]}"#).request?.operation == load(.many(keys)))
    }

    @Test func `a version of the source is 16 hexadecimal digits, as it is told`() throws {
        func version(_ json: String) -> (load: Load?, message: String?) {
            let decoded = decode("{\"load\":\"a.b\",\"key\":1,\"source_version\":\(json)}")
            guard case .load(let load) = decoded.request?.operation else {
                return (nil, decoded.failure?.failure.message)
            }
            return (load, nil)
        }
        for digits in ["0123456789abcdef", "ffffffffffffffff", "0000000000000000"] {
            #expect(version("\"\(digits)\"").load?.shape.sourceVersion?.hexadecimal == digits)
        }
        #expect(version(#""\u00300000000000000 1""#).load == nil)
        let wrong = [
            #""""#: "another string", #""0123456789abcde""#: "another string",
            #""0123456789abcdef0""#: "another string", #""0123456789ABCDEF""#: "another string",
            "17": "a number", "null": "null", "[]": "a list",
        ]
        for (json, found) in wrong {
            #expect(
                version(json).message
                    == "member 'source_version' must be 16 hexadecimal digits in a string, as 'hello' tells them, not \(found)"
            )
        }
    }

    @Test(arguments: [
        "0", "-0", "17", "-9223372036854775808", "9223372036854775807", "18446744073709551615", #""a""#,
        #""""#,
        #""\u0061\n\ud83d\ude00""#, "\"é\"",
    ])
    func `an id is echoed as it was sent`(token: String) {
        #expect(echo(decode("{\"op\":\"ping\",\"id\":\(token)}").request?.id) == token)
        #expect(echo(decode("{\"op\":\"nonsense\",\"id\": \(token) }").failure?.id) == token)
    }

    @Test func `an id that is a string has at most 128 bytes, whatever its escapes`() {
        let longest = String(repeating: "é", count: 64)
        let escaped = String(repeating: #"\u00e9"#, count: 64)
        #expect(echo(decode("{\"op\":\"ping\",\"id\":\"\(longest)\"}").request?.id) == "\"\(longest)\"")
        #expect(echo(decode("{\"op\":\"ping\",\"id\":\"\(escaped)\"}").request?.id) == "\"\(escaped)\"")
        for tooLong in [longest + "a", escaped + "a"] {
            let rejection = decode("{\"op\":\"ping\",\"id\":\"\(tooLong)\"}").failure
            #expect(rejection?.failure.code == .badRequest)
            #expect(rejection?.id == nil)
        }
    }

    @Test(arguments: [
        "1.5", "1e3", "-0.0", "18446744073709551616", "-9223372036854775809", "true", "[]", #"{"a":1}"#,
    ])
    func `an id of another kind is refused and not echoed`(token: String) {
        let rejection = decode("{\"op\":\"ping\",\"id\":\(token)}").failure
        #expect(rejection?.failure.code == .badRequest)
        #expect(rejection?.failure.message.hasPrefix("member 'id' must be an integer of 64 bits") == true)
        #expect(rejection?.id == nil)
    }

    @Test(arguments: [
        (#"{}"#, "a request needs member 'load' (a relationship's name) or member 'op'"),
        (#"{"key":1}"#, "a request needs member 'load' (a relationship's name) or member 'op'"),
        (#"{"load":"a.b"}"#, "a load needs member 'key' or member 'keys'"),
        (#"{"load":"a.b","key":1,"keys":[1]}"#, "a load takes member 'key' or 'keys', not both"),
        (#"{"load":7,"key":1}"#, "member 'load' must be a string, not a number"),
        (#"{"load":null,"key":1}"#, "member 'load' must be a string, not null"),
        (#"{"load":"a.b","keys":1}"#, "member 'keys' must be a list, not a number"),
        (#"{"load":"a.b","keys":null}"#, "member 'keys' must be a list, not null"),
        (#"{"op":["ping"]}"#, "member 'op' must be a string, not a list"),
        (#"{"load":"a.b","key":1,"wher":{}}"#, "unknown member 'wher'; did you mean 'where'?"),
        (#"{"load":"a.b","kye":1}"#, "unknown member 'kye'; did you mean 'key'?"),
        (
            #"{"load":"a.b","key":1,"Timeout_MS":1}"#,
            "unknown member 'Timeout_MS'; did you mean 'timeout_ms'?"
        ),
        (#"{"load":"a.b","key":1,"colour":1}"#, "unknown member 'colour'"),
        (#"{"op":"pnig"}"#, "unknown op 'pnig'; did you mean 'ping'?"),
        (#"{"op":"shutdown"}"#, "unknown op 'shutdown'"),
        (#"{"op":"ping","load":"a.b"}"#, "op 'ping' does not take member 'load'"),
        (#"{"op":"stats","timeout_ms":1}"#, "op 'stats' does not take member 'timeout_ms'"),
        (#"{"op":"describe","load":"a.b","key":1}"#, "op 'describe' does not take member 'key'"),
        (#"{"op":"cancel"}"#, "op 'cancel' needs member 'target', the id of the request to give up"),
        (
            #"{"op":"cancel","target":null}"#,
            "op 'cancel' needs member 'target', the id of the request to give up"
        ),
        (
            #"{"op":"cancel","target":[1]}"#,
            "member 'target' must be an integer of 64 bits or a string of at most 128 bytes, not a list"
        ),
        (#"{"op":"cancel","target":1,"key":1}"#, "op 'cancel' does not take member 'key'"),
        (#"{"op":"ping","target":1}"#, "op 'ping' does not take member 'target'"),
        (#"{"load":"a.b","key":1,"target":1}"#, "member 'target' goes with op 'cancel' only"),
        (#"{"token":"x","op":"auth"}"#, "op 'auth' is not supported by this version of kindred"),
    ])
    func `an invalid request is refused with the reason`(line: String, message: String) {
        let withID = "{\"id\":9\(line == "{}" ? "" : ",")\(line.dropFirst())"
        let idLast = "\(line.dropLast())\(line == "{}" ? "" : ","),\"id\":9}".replacing(",,", with: ",")
        #expect(decode(line).failure == Rejection(id: nil, failure: Failure(.badRequest, message)))
        #expect(decode(withID).failure == Rejection(id: RequestID(9), failure: Failure(.badRequest, message)))
        if line != "{}" {
            #expect(
                decode(idLast).failure == Rejection(id: RequestID(9), failure: Failure(.badRequest, message)))
        }
    }

    @Test(arguments: ["7", "-1", #""a""#])
    func `cancel names the request by its id`(token: String) {
        let request = decode("{\"op\":\"cancel\",\"id\":1,\"target\":\(token)}").request
        guard case .cancel(let target)? = request?.operation else {
            Issue.record("not understood")
            return
        }
        #expect(target == decode("{\"op\":\"ping\",\"id\":\(token)}").request?.id)
    }

    @Test func `members of later versions of the protocol are refused as such`() {
        let rejection = decode(#"{"load":"a.b","token":[{}],"key":1,"id":3}"#).failure
        let message = "member 'token' is not supported by this version of kindred; leave it out"
        #expect(rejection == Rejection(id: RequestID(3), failure: Failure(.badRequest, message)))
    }

    @Test(arguments: [("1", 1), ("2147483647", 2_147_483_647)])
    func `a deadline within its range is accepted`(token: String, expected: Int) {
        let request = decode("{\"load\":\"authors.books\",\"key\":1,\"timeout_ms\":\(token)}").request
        #expect(request?.operation == load(.one(.scalar(.integer(1))), timeout: expected))
    }

    @Test(arguments: [
        "0", "-1", "2147483648", "1.0", "1e2", "null", #""5""#, "[]", "99999999999999999999", "-0",
    ])
    func `a deadline outside its range is refused`(token: String) {
        let rejection = decode("{\"load\":\"a.b\",\"key\":1,\"timeout_ms\":\(token)}").failure
        #expect(rejection?.failure.code == .badRequest)
        #expect(
            rejection?.failure.message.hasPrefix("member 'timeout_ms' must be an integer from 1 to") == true)
    }

    @Test func `more keys than allowed are refused with the limit`() {
        let line = #"{"load":"authors.books","keys":[1,2,3],"id":5}"#
        #expect(decode(line, maxKeys: 3).request != nil)
        let rejection = decode(line, maxKeys: 2).failure
        #expect(rejection?.failure.code == .tooManyKeys)
        #expect(rejection?.failure.message.contains("3 keys and the limit is 2") == true)
        #expect(rejection?.id == RequestID(5))
    }

    @Test func `a long name is cut in the message`() {
        let line = "{\"\(String(repeating: "x", count: 100_000))\":1}"
        #expect((decode(line).failure?.failure.message.utf8.count ?? .max) < 200)
    }
}
