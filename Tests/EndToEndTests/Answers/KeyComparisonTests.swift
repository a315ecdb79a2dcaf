import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Comparisons of keys that other loaders get wrong: through tables with other collations, of bytes that are
/// no character, of labels, and of values that raise a warning.
@Suite struct KeyComparisonTests {
    // MARK: Through other tables

    /// romm #4350: `kindred check` found no fault, and every load by parent was refused.
    @Test func `tables of a join path may have different collations`() throws {
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

    // MARK: Bytes that are no character

    /// pgloader #665: bytes for which Unicode has no character are printed as `?`, which is another row's
    /// value.
    @Test func `a text with bytes that are no character of its charset finds its own rows`() throws {
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
        // In one batch with keys from clients.
        let clients = try (0..<3).map { _ in try daemon.client() }
        try clients[0].send(#"{"load":"o.c","key":1,"columns":["id"],"include":{"k_p":{"columns":["id"]}}}"#)
        try clients[1].send(#"{"load":"c.k_p","keys":["?","к","98"],"columns":["id"]}"#)
        try clients[2].send(#"{"load":"c.k_p","parents":[10,11,12,13],"columns":["id"]}"#)
        let replies = try clients.map { try JSONValue($0.receive() ?? "null") }
        #expect(replies[0]["rows"]?.elements.compactMap { $0["k_p"]?["id"]?.number } == ["1", "2", "3", "4"])
        #expect(replies[1] == (try JSONValue(#"{"results":[{"id":2},{"id":3},null]}"#)))
        #expect(replies[2]["results"]?.elements.compactMap { $0["id"]?.number } == ["1", "2", "3", "4"])
    }

    /// Where the other column's character set is different, such a text equals nothing, least of all a `?`.
    @Test func `a text with bytes that are no character of its charset equals nothing in another charset`()
        throws
    {
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
            settings: relationshipTOML("o.ps", from: "o.id", to: "p.o_id")
                + relationshipTOML("p.as", from: "p.k", to: "a.k")
                + relationshipTOML("p.us", from: "p.k", to: "u.k"))
        for (relationship, expected) in [
            ("as", [[], ["20", "21"], [], []]), ("us", [[], ["30"], [], ["31"]]),
        ] {
            let load = "{\"load\":\"p.\(relationship)\",\"columns\":[\"id\"],"
            #expect(try daemon.ask(load + "\"parents\":[1,2,3,4]}").resultIDs == expected)
            for (parent, rows) in expected.enumerated() {
                #expect(try daemon.ask(load + "\"parent\":\(parent + 1)}")["rows"].ids == rows)
            }
            let include = try daemon.ask(
                "{\"load\":\"o.ps\",\"key\":1,\"columns\":[\"id\"],\"include\":{\"\(relationship)\":{\"columns\":[\"id\"]}}}"
            )
            #expect(include["rows"]?.elements.map { $0[relationship].ids } == expected, "\(include)")
        }
    }

    // MARK: Labels

    @Test func `ENUM labels are compared as texts, not by their numbers, whatever else is in the batch`()
        throws
    {
        let database = try SharedServer.freshDatabase(named: "ways")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            SET sql_mode = ''; -- 0 is the number of what is no label, and is shown as an empty text.
            CREATE TABLE ep (id INT PRIMARY KEY, e ENUM('a','b','','1','0'), KEY (e)); INSERT INTO ep VALUES (1,'a'),(2,''),(3,'1'),(4,'0'),(5,0),(6,NULL);
            CREATE TABLE ee (id INT PRIMARY KEY, e ENUM('1','0','b','a','c'), t VARCHAR(9), s SET('a','1','b'), KEY (e), KEY (t), KEY (s));
            INSERT INTO ee VALUES (1,'1','a','a'),(2,'0','1','1'),(3,'b','0','b'),(4,'a','','a'),(5,'c','A','1'),(6,0,'x,y','');
            """)
        // `e = ''` finds what is no label (0) if the rows are read one by one, and does not if the index is used.
        // MariaDB 10.11 chooses the same way for every form of the question.
        let agreesOnEmptyLabels = server.program == .mariaDB
        let columns = ["ep.e", "ee.e", "ee.t", "ee.s"]
        var relationships = ""
        for (number, from) in columns.enumerated() {
            for (other, to) in columns.enumerated() {
                relationships += relationshipTOML("\(from.prefix(2)).r\(number)_\(other)", from: from, to: to)
            }
        }
        let daemon = try DaemonUnderTest(server, database: database, settings: relationships)
        let client = try server.client(database: database)
        for (number, from) in columns.enumerated() {
            for (other, to) in columns.enumerated() {
                let (near, far) = (from.split(separator: "."), to.split(separator: "."))
                let load = "{\"load\":\"\(near[0]).r\(number)_\(other)\",\"columns\":[\"id\"],"
                let values = try client.strings(
                    "SELECT id, CAST(\(near[1]) AS CHAR) FROM \(near[0]) WHERE \(near[1]) IS NOT NULL ORDER BY id"
                )
                // Columns with the same declaration are compared by number, which distinguishes a value that
                // is no label from an empty label.
                .filter { (from != to && agreesOnEmptyLabels) || $0[1] != "" }
                let parents = values.compactMap { $0[0] }
                let wanted = try values.map { value in
                    let key = JSONValue.quoted(value[1] ?? "")
                    return try daemon.ask(load + "\"key\":\(key)}")["rows"].ids
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
                        try daemon.ask(load + options + "\"parents\":[\(list)]}").resultIDs == wanted,
                        "\(from) \(to)")
                    for (parent, right) in zip(parents, wanted) {
                        #expect(
                            try daemon.ask(load + options + "\"parent\":\(parent)}")["rows"].ids
                                == right,
                            "\(from) \(to) \(parent)")
                    }
                }
            }
        }
    }

    // MARK: Warnings

    /// PyMySQL #775, mysql2 #979.
    @Test func `a warning that a row raises causes no second query`() throws {
        let database = try SharedServer.freshDatabase(named: "ways")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE p (id INT PRIMARY KEY, k VARCHAR(20) UNIQUE); INSERT INTO p SELECT seq, CONCAT('key', seq) FROM \(numbers(to: 500));
            CREATE TABLE c (id INT PRIMARY KEY, k VARCHAR(20), txt VARCHAR(20), KEY (k)); INSERT INTO c SELECT seq, CONCAT('key', seq), '12abc' FROM \(numbers(to: 500));
            CREATE VIEW v AS SELECT id, k, CAST(txt AS SIGNED) n FROM c;
            """)
        let daemon = try DaemonUnderTest(
            server, database: database, settings: relationshipTOML("p.vs", from: "p.k", to: "v.k"))
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
