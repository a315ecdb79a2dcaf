import LineClient
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// Walks through the rows of generated relationships page by page, several keys at a time: the pages must be
/// the database's own list of each key's rows, cut into pieces.
@Suite struct PagingTests {
    @Test(arguments: UInt64(1)...12, [PageWalk.Direction.after, .before])
    func `pages put together are the rows that the database gives for each key alone`(
        seed: UInt64, direction: PageWalk.Direction
    ) throws {
        let database = try GeneratedDatabase(seed: seed)
        let client = try database.daemon.client()
        let oracle = try LoadOracle(database.server, database: database.name, schema: database.schema)
        var generator = LoadGenerator(
            database.schema, rows: database.rows, generator: SeededGenerator(seed: seed &+ 2000))
        var pages = 0
        for _ in 0..<600 where pages < 400 {
            guard let load = generator.nextPaged() else { continue }
            var walk = try PageWalk(load, direction, database.schema, oracle, limit: 1 + pages % 4)
            while let line = walk.nextLine {
                let reply = try JSONValue(try client.ask(line))
                if walk.mayRefuse, reply["error"]?["code"] == .string("bad_request") { break }
                let difference = walk.take(reply)
                try #require(difference == nil, "seed \(seed)\n\(line)\n\(difference ?? "")\n\(reply)")
                pages += 1
            }
        }
        #expect(pages > 100, "seed \(seed): hardly anything was compared")
    }
}

/// Pages of relationships that are hard to page: keys of every type, long texts, joins.
@Suite struct HardPagingTests {
    private static func daemon(_ script: String, settings: String = "") throws -> DaemonUnderTest {
        let database = try SharedServer.freshDatabase(named: "paging")
        try SharedServer.server.client(database: database).executeScript(script)
        return try DaemonUnderTest(SharedServer.server, database: database, settings: settings)
    }

    /// All rows of a key, page by page, forwards or backwards.
    private func walk(
        _ client: LineClient, _ relationship: String, _ key: String, _ order: [String],
        _ direction: PageWalk.Direction
    ) throws -> [JSONValue] {
        var found: [JSONValue] = []
        var position = "null"
        let terms = order.map(JSONValue.quoted).joined(separator: ",")
        while true {
            let reply = try JSONValue(
                try client.ask(
                    """
                    {"load":\(JSONValue.quoted(relationship)),"key":\(key),"order":[\(terms)],"limit":2,\
                    "\(direction.rawValue)":\(position)}
                    """))
            let rows = try #require(reply["rows"]?.elements, "\(relationship) \(key): \(reply)")
            found = direction == .after ? found + rows : rows + found
            guard reply["more"] == .bool(true) else { return found }
            guard let edge = direction == .after ? rows.last : rows.first else { return found }
            let names = order.map { $0.replacing("-", with: "") } + ["id"]
            let values = names.map { edge[$0].map { "\($0)" } ?? "null" }
            position = "[\(values.joined(separator: ","))]"
        }
    }

    @Test func `keys of every type have pages`() throws {
        let daemon = try Self.daemon(HostileSchema.script)
        let client = try daemon.client()
        for type in HostileSchema.single {
            let name = "p_\(type.name).c_\(type.name)"
            let parents = "c_\(type.name).k"
            let keys = Set(
                try (1...40).compactMap { id in
                    let row = try JSONValue(
                        client.ask("{\"load\":\"\(parents)\",\"parent\":\(id)}"))["row"]
                    return row?["k"].map { "\($0)" }
                })
            #expect(keys.count > 1, "\(name)")
            for key in keys.sorted() where key != "null" {
                let all = try JSONValue(client.ask("{\"load\":\"\(name)\",\"key\":\(key)}"))["rows"]?.elements
                let expected = try #require(all, "\(name) \(key)")
                for direction in [PageWalk.Direction.after, .before] {
                    #expect(try walk(client, name, key, [], direction) == expected, "\(name) \(key)")
                }
            }
        }
    }

    @Test func `long texts that differ at their ends only have pages`() throws {
        let letters = "dbcaeghf".map { "\($0)" }
        let rows = letters.enumerated().map { "(\($0 + 1),1,CONCAT(REPEAT('x',900),'\($1)'))" }
        let daemon = try Self.daemon(
            """
            CREATE TABLE shelves (id INT PRIMARY KEY); INSERT INTO shelves VALUES (1);
            CREATE TABLE texts (id INT PRIMARY KEY, shelf_id INT, body VARCHAR(1000), FOREIGN KEY (shelf_id) REFERENCES shelves (id));
            INSERT INTO texts VALUES \(rows.joined(separator: ","));
            """)
        for direction in [PageWalk.Direction.after, .before] {
            let found = try walk(try daemon.client(), "shelves.texts", "1", ["body"], direction)
            let ends = found.compactMap { $0["body"]?.text?.last.map { "\($0)" } }
            #expect(ends == letters.sorted())
        }
    }

    /// A collation of several levels compares a character as many bytes, of which a sort must see all.
    @Test func `texts that differ in their last level only have pages`() throws {
        let multiLevel = SharedServer.kind == .mariaDB ? "utf8mb4_uca1400_as_cs" : "utf8mb4_0900_as_cs"
        guard SharedServer.has(multiLevel) else { return }
        let daemon = try Self.daemon(
            """
            CREATE TABLE shelves (id INT PRIMARY KEY); INSERT INTO shelves VALUES (1);
            CREATE TABLE signs (id INT PRIMARY KEY, shelf_id INT, v VARCHAR(40) COLLATE \(multiLevel),
              FOREIGN KEY (shelf_id) REFERENCES shelves (id));
            INSERT INTO signs VALUES (1,1,'I'),(2,1,'i'),(3,1,'k');
            """)
        for direction in [PageWalk.Direction.after, .before] {
            let found = try walk(try daemon.client(), "shelves.signs", "1", ["v"], direction)
            #expect(found.compactMap { $0["id"]?.number } == ["2", "1", "3"])
        }
    }

    @Test(arguments: [
        ("[\"abcd\",1]", "longer than"), ("[\"ab \",1]", "no blanks at its end"),
        ("[\"a\",null]", "NOT NULL"),
        ("[{},1]", "an object within a list"),
    ])
    func `a position that no row can have is refused`(position: String, complaint: String) throws {
        let daemon = try Self.daemon(
            """
            CREATE TABLE shelves (id INT PRIMARY KEY);
            CREATE TABLE signs (id INT PRIMARY KEY, shelf_id INT, v CHAR(3) COLLATE utf8mb4_general_ci,
              FOREIGN KEY (shelf_id) REFERENCES shelves (id));
            """)
        let reply = try daemon.ask(
            "{\"load\":\"shelves.signs\",\"key\":1,\"order\":[\"v\"],\"before\":\(position)}")
        #expect(reply.errorCode == "bad_value" && reply.errorMessage.contains(complaint), "\(reply)")
    }

    @Test func `a text that the server may show in place of another is no position`() throws {
        let daemon = try Self.daemon(
            """
            CREATE TABLE shelves (id INT PRIMARY KEY); INSERT INTO shelves VALUES (1);
            CREATE TABLE links (id INT PRIMARY KEY, shelf_id INT, url VARCHAR(30) CHARACTER SET ascii,
              FOREIGN KEY (shelf_id) REFERENCES shelves (id));
            INSERT INTO links VALUES (1,1,'a?b'),(2,1,'c'),(3,1,'d');
            """)
        func page(_ position: String) throws -> JSONValue {
            try daemon.ask(
                "{\"load\":\"shelves.links\",\"key\":1,\"order\":[\"url\"],\"after\":[\"\(position)\",2]}")
        }
        #expect(try page("c")["rows"]?.elements.compactMap { $0["id"]?.number } == ["3"])
        let refused = try page("a?b")
        #expect(refused.errorCode == "bad_value" && refused.errorMessage.contains("'?'"), "\(refused)")
    }

    @Test func `a relationship has no pages if its rows have no positions, and says why`() throws {
        let daemon = try Self.daemon(
            """
            CREATE TABLE people (id INT PRIMARY KEY);
            CREATE TABLE stays (person_id INT, town_id INT, PRIMARY KEY (person_id, town_id));
            CREATE TABLE visits (person_id INT, town VARCHAR(9), FOREIGN KEY (person_id) REFERENCES people (id));
            CREATE TABLE towns (id INT PRIMARY KEY, name VARCHAR(9), kind ENUM('x','a'), about TEXT, person_id INT,
              FOREIGN KEY (person_id) REFERENCES people (id));
            """,
            settings: """
                [relationships."people.towns_visited"]
                from = "people.id"
                to = "towns.name"
                kind = "many"
                through = [{ table = "visits", from = "person_id", to = "town" }]
                [relationships."people.towns_joined"]
                from = "people.id"
                to = "towns.id"
                kind = "many"
                through = [{ table = "stays", from = "person_id", to = "town_id" }]
                [relationships."people.towns_once"]
                from = "people.id"
                to = "towns.name"
                kind = "many"
                distinct = true
                through = [{ table = "visits", from = "person_id", to = "town" }]
                """)
        func message(_ name: String, _ options: String = "") throws -> String {
            try daemon.ask("{\"load\":\"\(name)\",\"key\":1,\"after\":null\(options)}").errorMessage
        }
        #expect(try message("people.towns_joined") == "")
        #expect(try message("people.visits").contains("no primary key"))
        #expect(try message("people.towns_visited").contains("several times"))
        #expect(try message("people.towns_once") == "")
        #expect(try message("towns.person").contains("to-one"))
        #expect(try message("people.towns", #","order":["kind"]"#).contains("numbers of its labels"))
        #expect(try message("people.towns", #","order":["about"]"#).contains("too long"))
    }
}

/// One walk through the rows of some keys.
struct PageWalk {
    enum Direction: String, Sendable {
        case after, before
    }

    /// A key's rows in the stated order, and how many of them the pages have shown.
    private struct Progress {
        let key: String
        let rows: [LoadOracle.Answer.Row]
        var shown = 0
        var isDone = false
    }

    private let load: GeneratedLoad
    private let direction: Direction
    private let limit: Int
    /// The columns of a position.
    private let columns: [GeneratedColumn]
    private var keys: [Progress]
    private let isRefused: Bool

    init(
        _ load: GeneratedLoad, _ direction: Direction, _ schema: GeneratedSchema, _ oracle: LoadOracle,
        limit: Int
    ) throws {
        (self.load, self.direction, self.limit) = (load, direction, limit)
        let table = schema.table(load.relationship.table)
        let order = load.options.order ?? load.relationship.order ?? []
        let names = order.map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 }
        let ties = table.primaryKey.map(\.name).filter { !names.contains($0) }
        columns = (names + ties).map(table.column)
        keys = try load.keys.map { key in
            guard case .rows(let rows) = try oracle.answer(load, key) else {
                return Progress(key: "", rows: [])
            }
            return Progress(key: load.text(of: key, schema), rows: rows)
        }
        isRefused = columns.contains { column in
            ["ENUM", "SET"].contains { column.declaration.hasPrefix($0) }
                || column.declaration.contains("nopad")
        }
    }

    /// Whether there may be no pages: for a column that gives no position, and where rows may come twice.
    var mayRefuse: Bool {
        isRefused || !load.relationship.hops.isEmpty && !load.relationship.isDistinct
    }

    // {"load":"t1.t2s0","keys":[1,2],"order":["-t2_n"],"limit":3,"after":[[5,1],null]}
    /// The request for the next page of each key; nil when all have shown their last one.
    var nextLine: String? {
        if keys.allSatisfy(\.isDone) { return nil }
        let member = load.isByParent ? "parent" : "key"
        let positions = keys.map(position)
        let whose =
            load.isList
            ? "\"\(member)s\":[\(keys.map(\.key).joined(separator: ","))]" : "\"\(member)\":\(keys[0].key)"
        let place = load.isList ? "[\(positions.joined(separator: ","))]" : positions[0]
        let members =
            ["\"load\":\"\(load.relationship.name)\"", whose] + load.options.members + [
                "\"limit\":\(limit)", "\"\(direction.rawValue)\":\(place)",
            ]
        return "{\(members.joined(separator: ","))}"
    }

    private func position(_ key: Progress) -> String {
        guard key.shown > 0 else { return "null" }
        let row = direction == .after ? key.rows[key.shown - 1] : key.rows[key.rows.count - key.shown]
        let values = columns.map { column -> String in
            let cell = row.cells.first { $0.column.name == column.name }?.shown
            return cell.flatMap { $0 }.map(column.shape.json) ?? "null"
        }
        return "[\(values.joined(separator: ","))]"
    }

    /// Compares a reply with the next page of each key.
    /// - Returns: how it differs; nil if it does not.
    mutating func take(_ reply: JSONValue) -> String? {
        guard reply["errors"] == nil, reply["error"] == nil else { return "an error" }
        for index in keys.indices {
            let (result, more) =
                load.isList
                ? (reply["results"]?[index], reply["more"]?[index]) : (reply["rows"], reply["more"])
            let page = nextPage(keys[index])
            keys[index].shown += page.count
            keys[index].isDone = keys[index].shown == keys[index].rows.count
            let expected = LoadOracle.Answer.rows(page)
            guard let result, expected.isSame(as: result) else { return "expected \(expected)" }
            guard more == .bool(!keys[index].isDone) else { return "more is wrong" }
        }
        return nil
    }

    private func nextPage(_ key: Progress) -> [LoadOracle.Answer.Row] {
        let left = key.rows.count - key.shown
        let count = min(limit, left)
        return direction == .after
            ? Array(key.rows[key.shown..<(key.shown + count)]) : Array(key.rows[(left - count)..<left])
    }
}
