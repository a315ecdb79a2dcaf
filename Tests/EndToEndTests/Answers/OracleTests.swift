import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// The daemon's answer for every key is the database's own answer to a query for that key alone.
@Suite struct OracleTests {
    private static let connections = 16

    @Test(arguments: [UInt64(1)])
    func `every key of the bookshop has the rows that a query for it alone gives`(seed: UInt64) throws {
        try check(script: Bookshop.script, seed: seed, atLeast: 10_000)
    }

    @Test(arguments: UInt64(1)...3)
    func `every key of the hostile schema has the rows that a query for it alone gives`(seed: UInt64) throws {
        try check(script: HostileSchema.script, seed: seed, atLeast: 3_000)
    }

    private func check(script: String, seed: UInt64, atLeast minimum: Int) throws {
        let server = try SharedServer.server
        let database = try SharedServer.freshDatabase(named: "oracle")
        try server.client(database: database).executeScript(script)
        let daemon = try DaemonUnderTest(server, database: database)
        let described = try daemon.ask(#"{"id":1,"op":"describe"}"#)["relationships"]?.elements ?? []
        let oracle = try Oracle(server, database: database)
        let (relationships, complaints) = try DescribedRelationship.all(described, oracle.client)
        #expect(complaints == [])
        var generator = SeededGenerator(seed: seed)
        var questions = try relationships.flatMap { relationship in
            try oracle.questions(relationship, using: &generator).map {
                Question(relationship: relationship, key: $0)
            }
        }
        #expect(questions.count >= minimum)
        questions.shuffle(using: &generator)
        let lots = [[Question]](questions, in: Self.connections)
        let differences = inParallel(Self.connections) { number in
            let client = QuestionClient(
                client: try daemon.client(), oracle: try Oracle(server, database: database),
                generator: SeededGenerator(seed: seed &* 1000 &+ UInt64(number)))
            return try client.ask(lots[number])
        }
        #expect(
            differences.isEmpty,
            "seed \(seed): \(differences.count) of \(questions.count) differ:\n\(differences.prefix(12).joined(separator: "\n"))"
        )
    }
}

struct Question: Sendable {
    let relationship: DescribedRelationship
    let key: AskedKey
}

/// Sends requests of one `key` or of several `keys`, many at a time, and compares each answer with the
/// database's own.
private final class QuestionClient {
    private let client: LineClient
    private let oracle: Oracle
    private var generator: SeededGenerator
    private var differences: [String] = []

    init(client: LineClient, oracle: Oracle, generator: SeededGenerator) {
        (self.client, self.oracle, self.generator) = (client, oracle, generator)
    }

    func ask(_ questions: [Question]) throws -> [String] {
        for start in stride(from: 0, to: questions.count, by: 64) {
            try askPipelined(Array(questions[start..<min(start + 64, questions.count)]))
        }
        return differences
    }

    private func askPipelined(_ questions: [Question]) throws {
        var requests: [[Question]] = []
        for (_, group) in Dictionary(grouping: questions, by: \.relationship.name).sorted(by: {
            $0.key < $1.key
        }) {
            var left = group[...]
            while !left.isEmpty {
                let count = Bool.random(using: &generator) ? 1 : Int.random(in: 1...20, using: &generator)
                requests.append(Array(left.prefix(count)))
                left = left.dropFirst(count)
            }
        }
        requests.shuffle(using: &generator)
        let lines = requests.enumerated().map { line(id: $0, $1) }
        try client.send(Array((lines.joined(separator: "\n") + "\n").utf8))
        for _ in requests {
            let text = try client.receive() ?? "the connection was closed"
            let reply = try JSONValue(text)
            guard let id = reply["id"]?.number.flatMap({ Int($0) }), requests.indices.contains(id) else {
                differences.append("no id that was sent: \(text.prefix(300))")
                continue
            }
            try compare(requests[id], reply, sent: lines[id])
        }
    }

    // {"id":3,"load":"authors.books","key":42}, {"id":3,"load":"authors.books","keys":[42,43]}
    private func line(id: Int, _ questions: [Question]) -> String {
        let keys = questions.map(\.key.json)
        let isSingle = keys.count == 1 && Bool.random(using: &generator)
        let member = isSingle ? #""key":\#(keys[0])"# : #""keys":[\#(keys.joined(separator: ","))]"#
        return #"{"id":\#(id),"load":\#(JSONValue.quoted(questions[0].relationship.name)),\#(member)}"#
    }

    private func compare(_ questions: [Question], _ reply: JSONValue, sent: String) throws {
        for (index, question) in questions.enumerated() {
            let result = reply["results"]?[index] ?? reply[question.relationship.isToOne ? "row" : "rows"]
            let expected = try oracle.rows(question.relationship, question.key)
            guard let difference = question.relationship.difference(expected, result) else { continue }
            let error = reply["error"] ?? reply["errors"]
            differences.append(
                "\(question.relationship.name) \(question.key.json): \(difference.prefix(500)); \(error.map { "\($0)" } ?? "") sent \(sent.prefix(200))"
            )
        }
    }
}

extension Array {
    /// Deals the elements out to `count` lists.
    init<Item>(_ items: [Item], in count: Int) where Element == [Item] {
        self = (0..<count).map { first in stride(from: first, to: items.count, by: count).map { items[$0] } }
    }
}
