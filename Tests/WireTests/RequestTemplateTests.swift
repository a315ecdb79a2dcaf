import Relations
import TestSupport
import Testing
import Wire

/// A decoder remembers the lines that come again and again; what it reads is what it would read of each line
/// alone.
struct RequestTemplateTests {
    private static let limits = RequestDecoder.Limits(maxKeys: 5, maxIncludeDepth: 8, maxIncludes: 256)

    private static func load(_ line: String, _ decoder: inout RequestDecoder) -> Load? {
        let decoded = Array(line.utf8).withUnsafeBytes { decoder.decode($0) }
        guard case .load(let load) = decoded.request?.operation else { return nil }
        return load
    }

    @Test func `loads that differ in id, keys, positions and time-out have one shape`() throws {
        let lines = [
            (
                #"{"id":\#(1),"load":"a.b","key":\#(2),"columns":["id"],"limit":3}"#,
                #"{"id":"x","load":"a.b","key":["é",2],"columns":["id"],"limit":3}"#
            ),
            (
                #"{ "keys": [1,2], "where": {"n":{"gt":5}}, "load": "a.b", "timeout_ms": 5 }"#,
                #"{ "keys": [], "where": {"n":{"gt":5}}, "load": "a.b", "timeout_ms": 77 }"#
            ),
            (
                #"{"after":null,"load":"a.b","parent":7,"order":["n"],"id":1}"#,
                #"{"after":[1,"x"],"load":"a.b","parent":"7","order":["n"],"id":-1}"#
            ),
        ]
        for (line, other) in lines {
            var decoder = RequestDecoder(Self.limits)
            let loads = [line, line, line, other, line].map { Self.load($0, &decoder) }
            let learned = try #require(loads[2])
            #expect(learned.shape.number == 0)
            #expect(learned.shape === loads[3]?.shape && learned.shape === loads[4]?.shape)
            #expect(learned == loads[0])
            #expect(loads[3] == Self.load(other, &decoder))
            #expect(decode(other).request?.operation == loads[3].map { .load($0) })
        }
    }

    @Test func `a line that comes once is not kept, and many others do not mix it up`() throws {
        var decoder = RequestDecoder(Self.limits)
        func line(_ place: Int) -> String { #"{"load":"a.b","where":{"n":\#(place)},"key":1}"# }
        for place in 0..<20_000 { #expect(Self.load(line(place), &decoder)?.shape.number == nil) }
        for place in 0..<20_000 {
            for _ in 0..<3 { _ = Self.load(line(place), &decoder) }
            let load = try #require(Self.load(line(place), &decoder))
            #expect(load.shape.number != nil)
            #expect(load == Self.load(line(place), &decoder))
            guard
                load.shape.options?.filters.first?.comparisons.first?.operand
                    == .value(.integer(Int64(place)))
            else {
                Issue.record("\(line(place)) was read as \(load)")
                return
            }
        }
    }

    // MARK: Any lines

    /// Members with values, of which some differ from load to load.
    private static let members: [(name: String, values: [String])] = [
        ("id", ["1", "0", "-0", "\"a\"", "null", "1.5", "\"\\u00e9\"", "18446744073709551615", "[1]"]),
        (
            "key",
            [
                "42", "-7", "0", "007", "1e3", "1.", "\"x\\ny\"", "null", "[1,\"é\"]", "{\"a\":1}", "true",
                "999999999999999999999",
            ]
        ),
        ("keys", ["[1,2]", "[]", "[1,null,[2,3],{}]", "[1,2,3,4,5,6]", "7", "[1,]"]),
        ("parent", ["7", "\"q\""]), ("timeout_ms", ["5", "0", "\"5\"", "2147483648"]),
        ("after", ["null", "[1,2]", "[[1],null]", "3"]), ("before", ["[\"z\"]"]),
        ("load", ["\"a.b\"", "\"a.c\"", "\"\\u0061.b\""]), ("columns", ["[\"id\"]", "[\"id\",\"n\"]", "[]"]),
        ("where", ["{\"id\":1}", "{\"key\":\"\\\"},\"}", "{}"]), ("limit", ["3", "12"]),
        ("op", ["\"ping\""]), ("lod", ["1"]),
    ]

    private static func line(_ random: inout SeededGenerator) -> [(name: String, value: String)] {
        let count = Int.random(in: 0...4, using: &random)
        let some = ["id", "load", "key"] + members.map(\.name).shuffled(using: &random).prefix(count)
        return Set(some).sorted().shuffled(using: &random).map { name in
            let values = members.first { $0.name == name }?.values ?? []
            return (name, values[min(values.count - 1, Int.random(in: 0..<20, using: &random) / 5)])
        }
    }

    private static func text(_ members: [(name: String, value: String)], blank: String) -> [UInt8] {
        let list = members.map { "\(blank)\"\($0.name)\"\(blank):\(blank)\($0.value)\(blank)" }
        return Array("{\(list.joined(separator: ","))}\(blank)".utf8)
    }

    @Test(arguments: UInt64(0)..<200)
    func `a line is read as by a decoder that has seen no other`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var decoder = RequestDecoder(Self.limits)
        func check(_ line: [UInt8]) {
            var fresh = RequestDecoder(Self.limits)
            let expected = line.withUnsafeBytes { fresh.decode($0) }
            let found = line.withUnsafeBytes { decoder.decode($0) }
            #expect(found == expected, "seed \(seed): \(String(decoding: line, as: UTF8.self))")
        }
        let places = (0..<4).map { _ in Self.line(&random) }
        let blanks = ["", " ", "\t "]
        for _ in 0..<300 {
            var members = places[Int.random(in: 0..<places.count, using: &random)]
            for index in members.indices where Bool.random(using: &random) {
                guard let values = Self.members.first(where: { $0.name == members[index].name })?.values
                else {
                    continue
                }
                members[index].value = values.randomElement(using: &random) ?? ""
            }
            var line = Self.text(members, blank: blanks[Int.random(in: 0..<9, using: &random) / 4])
            if Int.random(in: 0..<4, using: &random) == 0 {
                let at = Int.random(in: 0..<line.count, using: &random)
                line[at] = Array("{}[]:,\"\\0 e.\u{1}".utf8).randomElement(using: &random) ?? 0xFF
                if Int.random(in: 0..<8, using: &random) == 0 { line[at] = 0xFF }
            }
            check(line)
        }
    }
}
