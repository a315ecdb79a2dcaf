import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// A load, and the answer that the database would give.
private struct Scenario: CustomTestStringConvertible {
    let title: String
    /// The request without braces and `id`.
    let load: String
    /// Without id.
    let reply: String
    /// A type that not every server has; empty if it needs none.
    let type: String

    init(_ title: String, _ load: String, _ reply: String, needs type: String = "") {
        (self.title, self.load, self.reply, self.type) = (title, load, reply, type)
    }

    var testDescription: String { title }
}

/// Scenarios that other loaders of relationships are known to get wrong, with the numbers of their bug
/// reports. Each has the answer that a query for each key alone gives.
@Suite struct ScenarioTests {
    private static let shared = Result { try makeDaemon() }

    private static func makeDaemon() throws -> DaemonUnderTest {
        let database = try SharedServer.freshDatabase(named: "scenario")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(ScenarioSchema.script)
        return try DaemonUnderTest(server, database: database, settings: ScenarioSchema.relationships)
    }

    private static let plain = [
        Scenario(
            "one to many", #""load":"reporters.articles","keys":[1,2]"#,
            #"{"results":[[{"id":1,"reporter_id":1},{"id":2,"reporter_id":1}],[{"id":3,"reporter_id":2},{"id":4,"reporter_id":2}]]}"#
        ),
        Scenario(
            "many to one", #""load":"articles.reporter","keys":[1,1,2]"#,
            #"{"results":[{"id":1},{"id":1},{"id":2}]}"#),
        Scenario(
            "one to one", #""load":"reporters.passes","keys":[1,2,10]"#,
            #"{"results":[{"id":7,"reporter_id":1},{"id":8,"reporter_id":2},null]}"#),
        Scenario(
            "many to many", #""load":"reporters.pets","keys":[1,2]"#,
            #"{"results":[[{"id":1},{"id":2}],[{"id":3}]]}"#),
        Scenario(
            "no relatives are an empty list, not null", #""load":"reporters.articles","key":10"#,
            #"{"rows":[]}"#),
        Scenario(
            "a dangling foreign key (sqlalchemy #4777)", #""load":"articles.reporter","keys":[1,42,null]"#,
            #"{"results":[{"id":1},null,null]}"#),
        Scenario(
            "by the parent: a dangling and a null foreign key",
            #""load":"articles.reporter","parents":[1,5,6,7]"#, #"{"results":[{"id":1},null,null,null]}"#),
        Scenario(
            "a to-one with two rows answers the first by primary key",
            #""load":"reporters.rank","key":1,"columns":["id"]"#, #"{"row":{"id":1}}"#),
        Scenario(
            "a to-one with two rows answers the first in its order",
            #""load":"reporters.top","key":1,"columns":["id"]"#, #"{"row":{"id":2}}"#),
        Scenario(
            "a to-one counts all its rows", #""load":"reporters.top","key":1,"count":true"#, #"{"count":2}"#),
        Scenario(
            "a key twice (dataloader-sequelize #44)",
            #""load":"reporters.articles","keys":[1,1],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2}],[{"id":1},{"id":2}]]}"#),
    ]

    private static let equality = [
        Scenario(
            "case, accents and padding (sqlalchemy #9488, rails #42669)",
            #""load":"names.uses","keys":["Bob","zoë","Pad","none"],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2},{"id":3}],[{"id":4},{"id":7}],[{"id":5}],[]]}"#),
        Scenario(
            "the same, from the other side (prisma #11032)",
            #""load":"uses.name_names","keys":["bob","BOB","zoe","Pad   ",null]"#,
            #"{"results":[{"name":"Bob"},{"name":"Bob"},{"name":"zoë"},{"name":"Pad"},null]}"#),
        Scenario(
            "bob and BOB in one batch", #""load":"names.uses","keys":["bob","BOB"],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2},{"id":3}],[{"id":1},{"id":2},{"id":3}]]}"#),
        Scenario(
            "bytes decide in _bin", #""load":"exact.exacts","keys":["A","a"],"columns":["k"]"#,
            #"{"results":[[{"k":"A"}],[{"k":"a"}]]}"#),
        Scenario(
            "emoji differ in _bin", #""load":"exact.exacts","keys":["😀","😁"],"columns":["k"]"#,
            #"{"results":[[{"k":"😀"}],[{"k":"😁"}]]}"#),
        Scenario(
            "odd characters",
            #""load":"exact.exacts","keys":["","0","a'b","a\\b","a\nb","%s","?","\u0000z","é","e\u0301"],"columns":["k"]"#,
            #"{"results":[[{"k":""}],[{"k":"0"}],[{"k":"a'b"}],[{"k":"a\\b"}],[{"k":"a\nb"}],[{"k":"%s"}],[{"k":"?"}],[{"k":"\u0000z"}],[{"k":"é"}],[{"k":"e\u0301"}]]}"#
        ),
        Scenario(
            "integers beyond 2^53 (drizzle #4894)",
            #""load":"bigs.big_kids","keys":[9007199254740992,9007199254740993,18446744073709551615,0]"#,
            #"{"results":[[{"id":1,"k":9007199254740992}],[{"id":2,"k":9007199254740993}],[{"id":3,"k":18446744073709551615}],[{"id":4,"k":0}]]}"#
        ),
        Scenario(
            "decimals of two scales", #""load":"prices.priced","keys":[1.5,"1.50"]"#,
            #"{"results":[[{"id":1,"p":"1.5000"}],[{"id":1,"p":"1.5000"}]]}"#),
        Scenario(
            "decimals of two scales, from the other side",
            #""load":"priced.price","keys":["1.5000","1.5001"]"#, #"{"results":[{"p":"1.50"},null]}"#),
        Scenario(
            "a day against moments", #""load":"days.moments","key":"2020-01-01","columns":["id"]"#,
            #"{"rows":[{"id":1}]}"#),
        Scenario(
            "microseconds",
            #""load":"ticks.same","keys":["2020-01-01T00:00:00.000001","2020-01-01 00:00:00"],"columns":["id"]"#,
            #"{"results":[[{"id":2}],[{"id":1}]]}"#),
        Scenario(
            "BINARY is padded, VARBINARY is not (laravel #54867)",
            #""load":"padded.raw","key":"YWIAAA==","columns":["id"]"#, #"{"rows":[{"id":2}]}"#),
        Scenario(
            "VARBINARY by its exact bytes", #""load":"raw.raw","key":"YWI=","columns":["id"]"#,
            #"{"rows":[{"id":1}]}"#),
        Scenario(
            "spellings of a UUID",
            #""load":"uuids.same","keys":["123E4567-E89B-12D3-A456-426655440000","123e4567e89b12d3a456426655440000"],"columns":["id"]"#,
            #"{"results":[[{"id":1}],[{"id":1}]]}"#, needs: "UUID"),
        Scenario(
            "ENUM labels, one of which looks like an index",
            #""load":"enums.same","keys":["a","b","1",null],"columns":["id"]"#,
            #"{"results":[[{"id":1}],[],[{"id":3}],[]]}"#),
        Scenario(
            "a foreign key to a unique column (rails #31445)",
            #""load":"mails.logins","keys":["ann@x","Bob@x",null],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2}],[{"id":3}],[]]}"#),
        Scenario(
            "the same by the parent's primary key",
            #""load":"mails.logins","parents":[1,2,3],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2}],[{"id":3}],[]]}"#),
    ]

    private static let composite = [
        Scenario(
            "composite keys are pairs, not a IN and b IN (rails #51290)",
            #""load":"ka.kb","keys":[[1,1],[1,2],[2,1],[2,2]],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":7}],[{"id":2}],[{"id":3}],[]]}"#),
        Scenario(
            "a NULL in any part", #""load":"kb.ka","keys":[[1,1],[null,2],[2,null],[null,null]]"#,
            #"{"results":[{"a":1,"b":1},null,null,null]}"#),
        Scenario(
            "included by a composite key with NULLs", #""load":"ka.kb","key":[1,2],"include":{"ka":{}}"#,
            #"{"rows":[{"id":2,"a":1,"b":2,"ka":{"a":1,"b":2}}]}"#),
        Scenario(
            "a pair that stands twice is a row twice, as in the join",
            #""load":"a.b","keys":[1,2,3],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":1},{"id":2}],[{"id":1},{"id":3}],[]]}"#),
        Scenario(
            "and once where distinct", #""load":"a.distinct_b","keys":[1,2,3],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2}],[{"id":1},{"id":3}],[]]}"#),
        Scenario(
            "both are counted as they are shown", #""load":"a.b","keys":[1,2,3],"count":true"#,
            #"{"counts":[3,2,0]}"#),
        Scenario(
            "distinct rows are counted once", #""load":"a.distinct_b","keys":[1,2,3],"count":true"#,
            #"{"counts":[2,2,0]}"#),
        Scenario(
            "a condition on the related table", #""load":"a.active","keys":[1,2,3],"columns":["id"]"#,
            #"{"results":[[{"id":1}],[{"id":1},{"id":3}],[]]}"#),
        Scenario(
            "a condition on the join table", #""load":"a.other","keys":[1,2,3],"columns":["id"]"#,
            #"{"results":[[],[{"id":3}],[]]}"#),
        Scenario(
            "a polymorphic owner", #""load":"users.comments","keys":[1,2],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":4}],[{"id":3}]]}"#),
        Scenario(
            "the other owner of the same id", #""load":"posts.comments","keys":[1,2],"count":true"#,
            #"{"counts":[1,0]}"#),
        Scenario(
            "a tree, three levels down",
            #""load":"tree.tree","key":1,"columns":["id"],"include":{"tree":{"columns":["id"],"include":{"tree":{"columns":["id"]}}}}"#,
            #"{"rows":[{"id":2,"tree":[{"id":4,"tree":[{"id":5}]}]},{"id":3,"tree":[]}]}"#),
        Scenario(
            "a tree, up and down",
            #""load":"tree.parent","key":2,"columns":["id"],"include":{"parent":{"columns":["id"]},"tree":{"count":true}}"#,
            #"{"row":{"id":2,"parent":{"id":1},"tree":1}}"#),
        Scenario(
            "through a table", #""load":"s7.cs","keys":[1,2],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2},{"id":3}],[]]}"#),
        Scenario(
            "nested instead",
            #""load":"s7.s7b","keys":[1,2],"columns":["id"],"include":{"s7c":{"columns":["id"]}}"#,
            #"{"results":[[{"id":1,"s7c":[{"id":1}]},{"id":2,"s7c":[{"id":2},{"id":3}]}],[{"id":3,"s7c":[]}]]}"#
        ),
        Scenario(
            "nested with a criterion",
            #""load":"s7.s7b","key":1,"columns":["id"],"include":{"s7c":{"columns":["id"],"where":{"ok":1}}}"#,
            #"{"rows":[{"id":1,"s7c":[{"id":1}]},{"id":2,"s7c":[{"id":3}]}]}"#),
        Scenario(
            "rows of a view, with columns of a missing half", #""load":"users.whole","key":1"#,
            #"{"rows":[{"id":1,"owner":1,"extra":null},{"id":2,"owner":1,"extra":20}]}"#),
        Scenario(
            "a table without primary key (typeorm #12330)", #""load":"users.heap","keys":[1,2,3]"#,
            #"{"results":[[{"owner":1,"x":1},{"owner":1,"x":1}],[{"owner":2,"x":2}],[]]}"#),
        Scenario(
            "a limit on a table without primary key", #""load":"users.heap","keys":[1,2,3],"limit":1"#,
            #"{"results":[[{"owner":1,"x":1}],[{"owner":2,"x":2}],[]]}"#),
        Scenario(
            "two hops, not distinct", #""load":"users.authors","keys":[1,2,3],"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":1},{"id":1}],[{"id":2},{"id":2},{"id":2}],[]]}"#),
    ]

    private static let limits = [
        Scenario(
            "NULLs come first ascending",
            #""load":"reporters.ordered","key":1,"order":["rank"],"columns":["id"]"#,
            #"{"rows":[{"id":2},{"id":4},{"id":1},{"id":3}]}"#),
        Scenario(
            "NULLs come last descending",
            #""load":"reporters.ordered","keys":[1],"order":["-rank"],"columns":["id"]"#,
            #"{"results":[[{"id":3},{"id":1},{"id":2},{"id":4}]]}"#),
        Scenario(
            "the two latest of each (laravel #18014)",
            #""load":"users.posts","keys":[1,2,3],"order":["-made"],"limit":2,"columns":["id"]"#,
            #"{"results":[[{"id":3},{"id":2}],[{"id":5},{"id":6}],[]]}"#),
        Scenario(
            "the next two of each",
            #""load":"users.posts","keys":[1,2],"order":["-made"],"limit":2,"offset":1,"columns":["id"]"#,
            #"{"results":[[{"id":2},{"id":1}],[{"id":6},{"id":4}]]}"#),
        Scenario(
            "ties are broken by the primary key, one key alone as well",
            #""load":"users.posts","key":2,"order":["-made"],"limit":1,"columns":["id"]"#,
            #"{"rows":[{"id":5}]}"#),
        Scenario(
            "an order that no index has",
            #""load":"users.posts","keys":[1,2],"order":["-made","-id"],"limit":2,"columns":["id"]"#,
            #"{"results":[[{"id":3},{"id":2}],[{"id":6},{"id":5}]]}"#),
        Scenario(
            "the two latest through a join table",
            #""load":"users.liked","keys":[1,2],"limit":2,"columns":["id"]"#,
            #"{"results":[[{"id":3},{"id":2}],[{"id":5},{"id":6}]]}"#),
        Scenario("a limit of 0", #""load":"users.posts","keys":[1,2],"limit":0"#, #"{"results":[[],[]]}"#),
        Scenario(
            "an offset beyond the end", #""load":"users.posts","keys":[1,2],"offset":9"#,
            #"{"results":[[],[]]}"#),
        Scenario(
            "an offset without a limit, one key alone",
            #""load":"users.posts","key":1,"offset":2,"columns":["id"]"#, #"{"rows":[{"id":3}]}"#),
        Scenario(
            "a limit beyond the end", #""load":"users.posts","keys":[1],"limit":99,"columns":["id"]"#,
            #"{"results":[[{"id":1},{"id":2},{"id":3}]]}"#),
        Scenario(
            "counts, a childless parent among them", #""load":"users.posts","keys":[1,2,3,4],"count":true"#,
            #"{"counts":[3,3,0,0]}"#),
        Scenario(
            "a filter that nothing satisfies",
            #""load":"users.posts","keys":[1,2],"where":{"id":[]},"count":true"#, #"{"counts":[0,0]}"#),
        Scenario(
            "a bad key's count is null", #""load":"users.posts","keys":[1,"x"],"count":true"#,
            #"{"counts":[3,null],"errors":{"1":{"code":"bad_key"}}}"#),
    ]

    private static let all = (plain + equality + composite + limits).filter { SharedServer.has($0.type) }

    @Test(arguments: all)
    private func `each scenario's answer is the one that a query for the key alone gives`(scenario: Scenario)
        throws
    {
        let reply = try Self.shared.get().ask("{\(scenario.load)}")
        #expect(reply.withoutMessages == (try JSONValue(scenario.reply)), "\(scenario.title)")
    }

    @Test func `all scenarios at once, on one connection, have the same answers`() throws {
        let scenarios = Self.all
        let client = try Self.shared.get().client()
        let lines = scenarios.enumerated().map { "{\"id\":\($0),\($1.load)}\n" }
        try client.send(Array((lines.joined()).utf8))
        for _ in scenarios {
            let reply = try JSONValue(client.receive() ?? "null")
            let id = try #require(reply["id"]?.number.flatMap { Int($0) })
            let expected = "{\"id\":\(id)," + scenarios[id].reply.dropFirst()
            #expect(reply.withoutMessages == (try JSONValue(expected)), "\(scenarios[id].title)")
        }
    }

    @Test func `a text column for an integer key is refused, not coerced (laravel #26579)`() throws {
        let database = try SharedServer.freshDatabase(named: "coerced")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(ScenarioSchema.script)
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let relationship = relationshipTOML("numbers.texts", from: "numbers.id", to: "texts.number")
        let text = DaemonUnderTest.configuration(
            in: directory, server, database: database, settings: relationship)
        try text.write(toFile: directory + "/c.toml", atomically: true, encoding: .utf8)
        let outcome = try DaemonUnderTest.run(["check", "--config", directory + "/c.toml"])
        #expect(outcome.status == 78)
        #expect(outcome.output.contains("comparing them would convert one of them"))
    }
}

extension JSONValue {
    /// Returns a reply whose errors have only their code.
    fileprivate var withoutMessages: JSONValue {
        switch self {
        case .object(let members):
            .object(
                members.filter { $0.name != "message" }.map {
                    .init(name: $0.name, value: $0.value.withoutMessages)
                })
        case .array(let elements): .array(elements.map(\.withoutMessages))
        default: self
        }
    }
}
