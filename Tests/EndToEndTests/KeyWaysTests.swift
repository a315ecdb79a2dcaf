import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What one key gives alone, it gives among others, by `keys`, by `parents`, in an include, with a limit and as a count; for
/// every pair of columns that may be compared, of whatever width, character set and collation each of them is. And what the
/// daemon shows, it takes as a key.
@Suite struct KeyWaysTests {
    /// Columns that may be compared with one another, and values of them, as SQL.
    struct Family: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let types: [String]
        let values: [String]
        /// The text columns' own comparison stands in the way of the server's: `c.k = p.k` would be another one.
        var isText = false
    }

    private static let families = [
        Family(
            testDescription: "bytes",
            types: ["BINARY(2)", "BINARY(4)", "VARBINARY(2)", "VARBINARY(20)", "BLOB"],
            values: ["x'61'", "x'6162'", "x'616200'", "x'61620000'", "x'616263'", "x'6162636465'", "x''"]),
        Family(
            testDescription: "integers",
            types: ["TINYINT", "SMALLINT UNSIGNED", "INT", "BIGINT", "BIGINT UNSIGNED", "INT(8) ZEROFILL"],
            values: [
                "0", "-1", "127", "256", "65535", "4294967296", "9223372036854775807", "18446744073709551615",
            ]),
        Family(
            testDescription: "decimals",
            types: [
                "DECIMAL(3,0)", "DECIMAL(5,2)", "DECIMAL(5,2) UNSIGNED", "DECIMAL(8,2) ZEROFILL",
                "DECIMAL(65,30)",
            ],
            values: ["0", "1", "1.5", "1.50001", "-1", "999.99", "1.005", "12345678901234567890.123"]),
        Family(
            testDescription: "times", types: ["TIME", "TIME(3)", "TIME(6)"],
            values: [
                "'10:00:00'", "'10:00:00.5'", "'10:00:00.500001'", "'-10:00:00.5'", "'838:59:59.999999'",
                "'100:00:00'",
            ]),
        Family(
            testDescription: "days",
            types: ["DATE", "DATETIME", "DATETIME(3)", "DATETIME(6)", "TIMESTAMP NULL", "TIMESTAMP(6) NULL"],
            values: [
                "'2020-01-01'", "'2020-01-01 10:00:00'", "'2020-01-01 10:00:00.5'",
                "'2020-01-01 10:00:00.500001'",
                "'0000-00-00'", "'2020-00-00'", "'9999-12-31 23:59:59.999999'", "'2020-02-30'",
                "'2021-04-31 01:02:03.5'",
            ]),
        Family(
            testDescription: "bits", types: ["BIT(1)", "BIT(3)", "BIT(8)", "BIT(64)"],
            values: ["0", "1", "7", "8", "255", "18446744073709551615"]),
        Family(testDescription: "years", types: ["YEAR"], values: ["0", "1901", "1999", "2000", "2155"]),
        Family(
            testDescription: "floats", types: ["FLOAT", "FLOAT(7,2)", "FLOAT ZEROFILL"],
            values: ["0", "0.1", "1.5", "16777217", "1e10", "1.234567", "-0.0", "1e-40"]),
        Family(
            testDescription: "doubles", types: ["DOUBLE", "DOUBLE(10,2)", "DOUBLE ZEROFILL"],
            values: ["0", "0.1", "1.5", "1e300", "0.30000000000000004", "-0.0", "12345678.91", "1e-310"]),
        Family(
            testDescription: "texts",
            types: [
                "CHAR(3) COLLATE utf8mb4_general_ci", "VARCHAR(3) COLLATE utf8mb4_general_ci",
                "VARCHAR(10) COLLATE utf8mb4_unicode_ci", "VARCHAR(10) COLLATE utf8mb4_nopad_bin",
                "TEXT COLLATE utf8mb4_general_ci", "ENUM('abc','日本','?','é')",
            ],
            values: ["'abc'", "'abcdef'", "'ABC'", "'abc   '", "''", "' '", "'é'", "'e'", "'日本語'", "'日本'"],
            isText: true),
        Family(
            testDescription: "character sets",
            types: [
                "VARCHAR(10) CHARACTER SET latin1", "CHAR(5) CHARACTER SET latin1 COLLATE latin1_bin",
                "VARCHAR(10) CHARACTER SET latin1 COLLATE latin1_general_ci",
                "VARCHAR(10) COLLATE utf8mb4_general_ci",
                "VARCHAR(10) CHARACTER SET utf8mb3", "VARCHAR(10) CHARACTER SET ucs2",
                "VARCHAR(10) CHARACTER SET cp1251", "VARCHAR(10) CHARACTER SET ascii",
                "ENUM('abc','ABC2','?','é') CHARACTER SET latin1", "SET('abc','b') CHARACTER SET latin1",
            ],
            values: ["'abc'", "'ABC'", "'abc  '", "'é'", "'e'", "'日本'", "'?'", "'ß'", "'ss'", "'ж'", "''"],
            isText: true),
        Family(
            testDescription: "addresses", types: ["INET6"],
            values: [
                "'::'", "'::1'", "'::ffff:1.2.3.4'", "'::1.2.3.4'", "'1:0:2:0:3:0:4:0'", "'0:0:0:1::'",
                "'::1:2'",
            ]),
        Family(
            testDescription: "uuids", types: ["UUID"],
            values: ["'123e4567-e89b-12d3-a456-426655440000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
    ]

    /// `pN` are the parents and `cN` the children with a column `k` of the Nth type.
    private struct World {
        let daemon: DaemonUnderTest
        let client: BlockingClient
        let asker: LineClient

        init(_ family: Family) throws {
            var script =
                "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'; CREATE TABLE root (id INT PRIMARY KEY);"
            var roads = ""
            for (number, type) in family.types.enumerated() {
                let key = ["BLOB", "TEXT"].contains(String(type.prefix(4))) ? "k(4)" : "k"
                for table in ["p\(number)", "c\(number)"] {
                    script +=
                        "CREATE TABLE \(table) (id INT PRIMARY KEY AUTO_INCREMENT, r INT DEFAULT 1, k \(type), KEY (\(key)));"
                    for value in family.values {
                        script += "INSERT IGNORE INTO \(table) (k) VALUES (\(value));"
                    }
                    // With a table of few rows the server would not look into the index.
                    script += "INSERT INTO \(table) (r) SELECT 2 FROM seq_1_to_300; ANALYZE TABLE \(table);"
                }
                roads += ScenarioSchema.road("root.p\(number)", from: "root.id", to: "p\(number).r")
                for other in family.types.indices {
                    roads += ScenarioSchema.road(
                        "p\(number).c\(other)", from: "p\(number).k", to: "c\(other).k")
                }
            }
            let database = try SharedServer.freshDatabase(named: "ways")
            let server = try SharedServer.server
            try server.client(database: database).executeScript(script)
            client = try server.client(database: database)
            try client.execute("SET time_zone = '+00:00', sql_mode = ''")
            daemon = try DaemonUnderTest(server, database: database, settings: roads)
            asker = try daemon.client()
        }

        func ask(_ line: String) throws -> JSONValue { try JSONValue(asker.ask(line)) }
    }

    /// The children of a parent, as the server itself finds them: with the value as one of the child's column.
    private func expected(_ world: World, _ family: Family, _ parent: Int, _ child: Int) throws -> [String:
        [String]]
    {
        // The server itself cuts one BIT to the width of the other when it joins them.
        let plain = family.types[child].hasPrefix("BIT") ? "c.k + 0 = p.k + 0" : "c.k = p.k"
        let text = family.isText ? try textCondition(world, parent: parent, child: child) : plain
        let rows = try world.client.strings(
            "SELECT p.id, c.id FROM p\(parent) p JOIN c\(child) c IGNORE INDEX (k) ON \(text) WHERE p.r = 1 ORDER BY p.id, c.id"
        )
        var found: [String: [String]] = [:]
        for row in rows { found[row[0] ?? "", default: []].append(row[1] ?? "") }
        return found
    }

    private func textCondition(_ world: World, parent: Int, child: Int) throws -> String {
        let rows = try world.client.strings(
            """
            SELECT CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLUMNS
            WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('p\(parent)', 'c\(child)') AND COLUMN_NAME = 'k' ORDER BY TABLE_NAME
            """)
        let (charset, collation) = (rows[0][0] ?? "", rows[0][1] ?? "")
        return """
            c.k = CONVERT(p.k USING \(charset)) COLLATE \(collation)
            AND HEX(CONVERT(CONVERT(p.k USING \(charset)) USING utf8mb4)) = HEX(CONVERT(p.k USING utf8mb4))
            """
    }

    @Test(arguments: families)
    func `a value leads to the same rows in every way in which it is asked for`(family: Family) throws {
        let world = try World(family)
        for parent in family.types.indices {
            let reply = try world.ask("{\"load\":\"root.p\(parent)\",\"key\":1,\"order\":[\"id\"]}")
            let rows = try #require(reply["rows"]?.elements, "\(reply)").filter { $0["k"] != .null }
            for child in family.types.indices {
                let expected = try expected(world, family, parent, child)
                let wanted = rows.map { expected[$0["id"]?.number ?? ""] ?? [] }
                for (way, found) in try ways(world, parent, child, rows) {
                    let pair = "\(family.types[parent]) -> \(family.types[child]), \(way)"
                    #expect(found.count == wanted.count, "\(pair)")
                    for (row, (got, right)) in zip(rows, zip(found, wanted)) {
                        #expect(got == right, "\(pair): \(row)")
                    }
                }
            }
        }
    }

    /// By way, the ids that each of the rows leads to.
    private func ways(
        _ world: World, _ parent: Int, _ child: Int, _ rows: [JSONValue]
    ) throws -> [(String, [[String]])] {
        let load = "{\"load\":\"p\(parent).c\(child)\",\"columns\":[\"id\"]"
        let keys = rows.map { "\($0["k"] ?? .null)" }
        let ids = rows.compactMap { $0["id"]?.number }
        let list = keys.joined(separator: ",")
        let include = try world.ask(
            "{\"load\":\"root.p\(parent)\",\"key\":1,\"order\":[\"id\"],\"include\":{\"c\(child)\":{\"columns\":[\"id\"]}}}"
        )
        let included = include["rows"]?.elements.filter { $0["k"] != .null }.map { $0["c\(child)"] ?? .null }
        let counts = try world.ask("{\"load\":\"p\(parent).c\(child)\",\"keys\":[\(list)],\"count\":true}")[
            "counts"]
        let together = try Self.results(world.ask(load + ",\"keys\":[\(list)]}"))
        #expect(counts?.elements.compactMap(\.number) == together.map { "\($0.count)" })
        return [
            ("alone", try keys.map { Self.ids(try world.ask(load + ",\"key\":\($0)}")["rows"]) }),
            ("together", together),
            ("limited", try Self.results(world.ask(load + ",\"limit\":500,\"keys\":[\(list)]}"))),
            (
                "by parents",
                try Self.results(world.ask(load + ",\"parents\":[\(ids.joined(separator: ","))]}"))
            ),
            ("by one parent", try ids.map { Self.ids(try world.ask(load + ",\"parent\":\($0)}")["rows"]) }),
            ("included", included?.map(Self.ids) ?? []),
        ]
    }

    private static func results(_ reply: JSONValue) -> [[String]] {
        reply["results"]?.elements.map(ids) ?? []
    }

    private static func ids(_ rows: JSONValue?) -> [String] {
        rows?.elements.compactMap { $0["id"]?.number } ?? ["no rows"]
    }

    // MARK: By way of other tables

    /// romm #4350: `kindred check` said that all was well, and every load by parent was refused.
    @Test func `tables on the way may have other collations`() throws {
        let database = try SharedServer.freshDatabase(named: "ways")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE p (id INT PRIMARY KEY, k VARCHAR(20) COLLATE utf8mb4_general_ci);
            CREATE TABLE h (id INT PRIMARY KEY, k VARCHAR(20) COLLATE utf8mb4_bin, z VARCHAR(20) COLLATE utf8mb4_general_ci, KEY (k));
            CREATE TABLE c (id INT PRIMARY KEY, k VARCHAR(20) COLLATE utf8mb4_unicode_ci, KEY (k));
            INSERT INTO p VALUES (1, 'Bob'), (2, 'bob'); INSERT INTO h VALUES (3, 'Bob', 'ß'), (4, 'bob', 'x');
            INSERT INTO c VALUES (7, 'ss'), (8, 'X'), (9, '?');
            """)
        let settings = """
            [relationships."p.far"]
            from = "p.k"
            to = "c.k"
            kind = "many"
            through = { table = "h", from = "k", to = "z" }
            """
        let daemon = try DaemonUnderTest(server, database: database, settings: settings)
        let expected = [
            #"{"load":"p.far","key":"Bob"}"#: #"{"rows":[{"id":7,"k":"ss"}]}"#,
            #"{"load":"p.far","keys":["Bob","bob"],"columns":["id"]}"#:
                #"{"results":[[{"id":7}],[{"id":8}]]}"#,
            #"{"load":"p.far","parent":1,"columns":["id"]}"#: #"{"rows":[{"id":7}]}"#,
            #"{"load":"p.far","parents":[2,1],"columns":["id"]}"#: #"{"results":[[{"id":8}],[{"id":7}]]}"#,
        ]
        for (request, reply) in expected {
            #expect(try daemon.ask(request) == JSONValue(reply), "\(request)")
        }
    }

    // MARK: Bytes without a character

    /// pgloader #665: what Unicode has no character for is printed as `?`, which is another row's value.
    @Test func `a text with bytes that have no character leads to its own rows`() throws {
        let database = try SharedServer.freshDatabase(named: "ways")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE o (id INT PRIMARY KEY); INSERT INTO o VALUES (1);
            CREATE TABLE p (id INT PRIMARY KEY, n INT, k VARCHAR(9) CHARACTER SET cp1251, UNIQUE (k), UNIQUE (n, k));
            CREATE TABLE c (id INT PRIMARY KEY, o_id INT, n INT, k VARCHAR(9) CHARACTER SET cp1251, FOREIGN KEY (k) REFERENCES p (k),
              FOREIGN KEY (n, k) REFERENCES p (n, k), FOREIGN KEY (o_id) REFERENCES o (id));
            INSERT INTO p VALUES (1, 7, x'98'), (2, 7, '?'), (3, 8, x'EA'), (4, 8, x'9898');
            INSERT INTO c VALUES (10, 1, 7, x'98'), (11, 1, 7, '?'), (12, 1, 8, x'CA'), (13, 1, 8, x'9898');
            """)
        let daemon = try DaemonUnderTest(server, database: database)
        let reply = try daemon.ask(
            #"{"load":"o.c","key":1,"columns":["id"],"include":{"k_p":{"columns":["id"]},"p":{"columns":["id"],"include":{"c_by_k":{"columns":["id"],"limit":2}}}}}"#
        )
        #expect(
            reply
                == (try JSONValue(
                    #"""
                    {"rows":[{"id":10,"k_p":{"id":1},"p":{"id":1,"c_by_k":[{"id":10}]}},{"id":11,"k_p":{"id":2},"p":{"id":2,"c_by_k":[{"id":11}]}},
                    {"id":12,"k_p":{"id":3},"p":{"id":3,"c_by_k":[{"id":12}]}},{"id":13,"k_p":{"id":4},"p":{"id":4,"c_by_k":[{"id":13}]}}]}
                    """#)),
            "\(reply)")
        // With keys as clients give them in the same batch.
        let clients = try (0..<3).map { _ in try daemon.client() }
        try clients[0].send(#"{"load":"o.c","key":1,"columns":["id"],"include":{"k_p":{"columns":["id"]}}}"#)
        try clients[1].send(#"{"load":"c.k_p","keys":["?","к","98"],"columns":["id"]}"#)
        try clients[2].send(#"{"load":"c.k_p","parents":[10,11,12,13],"columns":["id"]}"#)
        let replies = try clients.map { try JSONValue($0.receive() ?? "null") }
        #expect(replies[0]["rows"]?.elements.compactMap { $0["k_p"]?["id"]?.number } == ["1", "2", "3", "4"])
        #expect(replies[1] == (try JSONValue(#"{"results":[{"id":2},{"id":3},null]}"#)))
        #expect(replies[2]["results"]?.elements.compactMap { $0["id"]?.number } == ["1", "2", "3", "4"])
    }

    /// Where the other column's character set is another, such a text equals nothing; least of all a `?`.
    @Test func `a text with bytes that have no character equals nothing in another character set`() throws {
        let database = try SharedServer.freshDatabase(named: "ways")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE o (id INT PRIMARY KEY); INSERT INTO o VALUES (1);
            CREATE TABLE p (id INT PRIMARY KEY, o_id INT, k VARCHAR(9) CHARACTER SET cp1251, KEY (k));
            INSERT INTO p VALUES (1, 1, x'98'), (2, 1, '?'), (3, 1, x'9820'), (4, 1, x'EA');
            CREATE TABLE a (id INT PRIMARY KEY, k VARCHAR(9) CHARACTER SET ascii, KEY (k)); INSERT INTO a VALUES (20, '?'), (21, '? ');
            CREATE TABLE u (id INT PRIMARY KEY, k VARCHAR(9) CHARACTER SET utf8mb4, KEY (k)); INSERT INTO u VALUES (30, '?'), (31, 'к');
            """)
        let daemon = try DaemonUnderTest(
            server, database: database,
            settings: ScenarioSchema.road("o.ps", from: "o.id", to: "p.o_id")
                + ScenarioSchema.road("p.as", from: "p.k", to: "a.k")
                + ScenarioSchema.road("p.us", from: "p.k", to: "u.k"))
        for (road, expected) in [("as", [[], ["20", "21"], [], []]), ("us", [[], ["30"], [], ["31"]])] {
            let load = "{\"load\":\"p.\(road)\",\"columns\":[\"id\"],"
            #expect(Self.results(try daemon.ask(load + "\"parents\":[1,2,3,4]}")) == expected)
            for (parent, rows) in expected.enumerated() {
                #expect(Self.ids(try daemon.ask(load + "\"parent\":\(parent + 1)}")["rows"]) == rows)
            }
            let include = try daemon.ask(
                "{\"load\":\"o.ps\",\"key\":1,\"columns\":[\"id\"],\"include\":{\"\(road)\":{\"columns\":[\"id\"]}}}"
            )
            #expect(include["rows"]?.elements.map { Self.ids($0[road]) } == expected, "\(include)")
        }
    }

    // MARK: Labels

    @Test func `labels of an ENUM are texts, whatever their numbers and whoever else is asked for`() throws {
        let database = try SharedServer.freshDatabase(named: "ways")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            SET sql_mode = ''; -- 0 is the number of what is no label, and is shown as an empty text.
            CREATE TABLE ep (id INT PRIMARY KEY, e ENUM('a','b','','1','0'), KEY (e)); INSERT INTO ep VALUES (1,'a'),(2,''),(3,'1'),(4,'0'),(5,0),(6,NULL);
            CREATE TABLE ee (id INT PRIMARY KEY, e ENUM('1','0','b','a','c'), t VARCHAR(9), s SET('a','1','b'), KEY (e), KEY (t), KEY (s));
            INSERT INTO ee VALUES (1,'1','a','a'),(2,'0','1','1'),(3,'b','0','b'),(4,'a','','a'),(5,'c','A','1'),(6,0,'x,y','');
            """)
        let columns = ["ep.e", "ee.e", "ee.t", "ee.s"]
        var roads = ""
        for (number, from) in columns.enumerated() {
            for (other, to) in columns.enumerated() {
                roads += ScenarioSchema.road("\(from.prefix(2)).r\(number)_\(other)", from: from, to: to)
            }
        }
        let daemon = try DaemonUnderTest(server, database: database, settings: roads)
        let client = try server.client(database: database)
        for (number, from) in columns.enumerated() {
            for (other, to) in columns.enumerated() {
                let (near, far) = (from.split(separator: "."), to.split(separator: "."))
                let load = "{\"load\":\"\(near[0]).r\(number)_\(other)\",\"columns\":[\"id\"],"
                let values = try client.strings(
                    "SELECT id, CAST(\(near[1]) AS CHAR) FROM \(near[0]) WHERE \(near[1]) IS NOT NULL ORDER BY id"
                )
                // Columns declared alike are compared by number, which tells what is no label from an empty one.
                .filter { from != to || $0[1] != "" }
                let parents = values.compactMap { $0[0] }
                let wanted = try values.map { value in
                    let key = JSONValue.quoted(value[1] ?? "")
                    return Self.ids(try daemon.ask(load + "\"key\":\(key)}")["rows"])
                }
                for (value, found) in zip(values, wanted) where value[1] != "" {
                    let rows = try client.strings(
                        "SELECT id FROM \(far[0]) WHERE CAST(\(far[1]) AS CHAR) = '\(value[1] ?? "")' ORDER BY id"
                    )
                    #expect(found == rows.compactMap { $0[0] }, "\(from) \(to) \(value)")
                }
                for options in ["", "\"limit\":9,"] {
                    let list = parents.joined(separator: ",")
                    #expect(
                        Self.results(try daemon.ask(load + options + "\"parents\":[\(list)]}")) == wanted,
                        "\(from) \(to)")
                    for (parent, right) in zip(parents, wanted) {
                        #expect(
                            Self.ids(try daemon.ask(load + options + "\"parent\":\(parent)}")["rows"])
                                == right,
                            "\(from) \(to) \(parent)")
                    }
                }
            }
        }
    }

    // MARK: Warnings

    /// PyMySQL #775, mysql2 #979.
    @Test func `a warning that a row raises costs no query`() throws {
        let database = try SharedServer.freshDatabase(named: "ways")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE p (id INT PRIMARY KEY, k VARCHAR(20) UNIQUE); INSERT INTO p SELECT seq, CONCAT('key', seq) FROM seq_1_to_500;
            CREATE TABLE c (id INT PRIMARY KEY, k VARCHAR(20), txt VARCHAR(20), KEY (k)); INSERT INTO c SELECT seq, CONCAT('key', seq), '12abc' FROM seq_1_to_500;
            CREATE VIEW v AS SELECT id, k, CAST(txt AS SIGNED) n FROM c;
            """)
        let daemon = try DaemonUnderTest(
            server, database: database, settings: ScenarioSchema.road("p.vs", from: "p.k", to: "v.k"))
        let keys = (1...500).map { "\"key\($0)\"" }.joined(separator: ",")
        for options in ["", ",\"limit\":2"] {
            let before = try #require(try daemon.stat("queries"))
            let reply = try daemon.ask("{\"load\":\"p.vs\",\"keys\":[\(keys)]\(options)}")
            #expect(reply["results"]?.elements.count == 500)
            #expect(reply["results"]?[41]?[0]?["n"] == .number("12"))
            #expect(try daemon.stat("queries") == before + 1)
            #expect(try daemon.stat("released_retry") == 0)
        }
    }
}
