import Foundation
import LineClient
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// A column type with its extreme values, as SQL literals and as the JSON that replies show and requests may
/// have.
private struct Extreme: Sendable, CustomTestStringConvertible {
    let declaration: String
    let values: [(sql: String, json: String)]
    /// Other JSON forms of the value with index `of`, as a key or in a filter.
    var spellings: [(of: Int, json: String)] = []
    var isKey = true

    var testDescription: String { declaration }
}

/// Every column type's extreme values: shown, as a key, in a filter and in an include.
@Suite struct TypeExtremeTests {
    private static let numbers = [
        Extreme(
            declaration: "BIGINT UNSIGNED",
            values: [
                ("0", "0"), ("9007199254740993", "9007199254740993"),
                ("18446744073709551615", "18446744073709551615"),
            ],
            spellings: [(2, #""18446744073709551615""#)]),
        Extreme(
            declaration: "BIGINT",
            values: [
                ("-9223372036854775808", "-9223372036854775808"),
                ("9223372036854775807", "9223372036854775807"),
            ]),
        Extreme(declaration: "TINYINT", values: [("-128", "-128"), ("127", "127")]),
        Extreme(declaration: "INT(8) UNSIGNED ZEROFILL", values: [("7", "7"), ("4294967295", "4294967295")]),
        Extreme(declaration: "YEAR", values: [("0", "0"), ("1901", "1901"), ("2155", "2155")]),
        Extreme(declaration: "BIT(1)", values: [("b'0'", "0"), ("b'1'", "1")]),
        Extreme(
            declaration: "BIT(64)", values: [("0", "0"), ("18446744073709551615", "18446744073709551615")]),
        Extreme(
            declaration: "DECIMAL(65,30)",
            values: [
                (
                    "99999999999999999999999999999999999.999999999999999999999999999999",
                    #""99999999999999999999999999999999999.999999999999999999999999999999""#
                ),
                ("-0.000000000000000000000000000001", #""-0.000000000000000000000000000001""#),
                ("1.5", #""1.500000000000000000000000000000""#),
            ], spellings: [(2, "1.5"), (2, #""1.50""#), (2, "15e-1"), (1, "-1e-30")]),
        Extreme(
            declaration: "FLOAT",
            values: [("0.1", "0.1"), ("-16777216", "-16777216"), ("3.4028235e38", "3.4028235e+38")],
            spellings: [(0, "0.10000000149"), (2, "3.4028235e38")]),
        Extreme(
            declaration: "DOUBLE",
            values: [
                ("0.1e0", "0.1"), ("1.7976931348623157e308", "1.7976931348623157e+308"), ("5e-324", "5e-324"),
            ], spellings: [(0, "1e-1")]),
    ]

    /// MySQL's longest TIME has no fraction.
    private static let lastTenth = SharedServer.kind == .mySQL ? 0 : 9

    private static let moments = [
        Extreme(
            declaration: "DATE",
            values: [
                ("'0000-00-00'", #""0000-00-00""#), ("'2020-00-00'", #""2020-00-00""#),
                ("'9999-12-31'", #""9999-12-31""#),
            ]),
        Extreme(
            declaration: "DATETIME(6)",
            values: [
                ("'2020-01-01 10:39:00.123456'", #""2020-01-01T10:39:00.123456""#),
                ("'0000-00-00'", #""0000-00-00T00:00:00.000000""#),
                ("'2020-01-01 10:00:00'", #""2020-01-01T10:00:00.000000""#),
            ],
            spellings: [(2, #""2020-01-01 10:00:00""#), (2, #""2020-01-01T10:00:00.0""#)]),
        Extreme(
            declaration: "TIMESTAMP(3) NULL",
            values: [
                ("'1970-01-01 00:00:01.001'", #""1970-01-01T00:00:01.001Z""#),
                ("'2038-01-19 03:14:07.999'", #""2038-01-19T03:14:07.999Z""#),
                ("'0000-00-00'", #""0000-00-00T00:00:00.000Z""#),
            ],
            spellings: [(0, #""1970-01-01 00:00:01.001""#)]),
        Extreme(
            declaration: "TIME(1)",
            values: [
                ("'-838:59:59.\(lastTenth)'", #""-838:59:59.\#(lastTenth)""#),
                ("'838:59:59.\(lastTenth)'", #""838:59:59.\#(lastTenth)""#),
                ("'00:00:00'", #""00:00:00.0""#),
            ]),
    ]

    /// MariaDB keeps a document as it was written.
    private static let jsonOfMariaDB = [
        ("'{\"a\":\\n [1, 2.50, \"\\\\n\"]\\r\\n}'", #"{"a":[1,2.50,"\n"]}"#),
        ("'18446744073709551616'", "18446744073709551616"),
    ]
    /// MySQL keeps numbers as 64-bit integers and doubles.
    private static let jsonOfMySQL = [
        ("'{\"a\":\\n [1, 2.50, \"\\\\n\"]\\r\\n}'", #"{"a":[1,2.5,"\n"]}"#),
        ("'18446744073709551615'", "18446744073709551615"),
    ]

    private static let texts = [
        Extreme(
            declaration: "VARCHAR(40) COLLATE \(SharedServer.noPadBinaryCollation)",
            values: [
                ("'😀'", #""😀""#), ("CONCAT('a', CHAR(0), 'b')", #""a\u0000b""#),
                ("CONVERT(x'E280A8' USING utf8mb4)", #""\u2028""#), ("''", #""""#), ("'\\\"'", #""\"""#),
                ("'a\\nb\\tc'", #""a\nb\tc""#),
            ],
            spellings: [(0, #""\ud83d\ude00""#)]),
        Extreme(
            declaration: "VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_bin",
            values: [("'é'", #""é""#), ("'€'", #""€""#)]),
        Extreme(
            declaration: "LONGTEXT COLLATE utf8mb4_bin",
            values: [("REPEAT('x', 70000)", "\"\(String(repeating: "x", count: 70_000))\"")]),
        Extreme(
            declaration: "ENUM('a','B b','1','')",
            values: [("'a'", #""a""#), ("'B b'", #""B b""#), ("'1'", #""1""#), ("''", #""""#)]),
        Extreme(declaration: "SET('x','y z')", values: [("''", #""""#), ("'x,y z'", #""x,y z""#)]),
        Extreme(
            declaration: "BINARY(4)", values: [("x'61620000'", #""YWIAAA==""#), ("x'FF'", #""/wAAAA==""#)]),
        Extreme(
            declaration: "VARBINARY(9)",
            values: [("x''", #""""#), ("x'00'", #""AA==""#), ("x'C328'", #""wyg=""#)]),
        Extreme(declaration: "BLOB", values: [("x'27225C0A'", #""JyJcCg==""#)]),
        Extreme(
            declaration: "UUID",
            values: [("'123e4567-e89b-12d3-a456-426655440000'", #""123e4567-e89b-12d3-a456-426655440000""#)],
            spellings: [
                (0, #""123E4567-E89B-12D3-A456-426655440000""#), (0, #""123e4567e89b12d3a456426655440000""#),
            ]),
        Extreme(
            declaration: "INET6",
            values: [
                ("'::'", #""::""#), ("'2001:db8::ff00:42:8329'", #""2001:db8::ff00:42:8329""#),
                ("'::ffff:192.0.2.1'", #""::ffff:192.0.2.1""#),
            ],
            spellings: [
                (1, #""2001:0DB8:0:0:0:FF00:0042:8329""#), (2, #""::FFFF:c000:201""#),
                (0, #""0:0:0:0:0:0:0:0""#),
            ]),
        Extreme(declaration: "INET4", values: [("'255.255.255.255'", #""255.255.255.255""#)]),
        Extreme(
            declaration: "JSON",
            values: SharedServer.kind == .mySQL ? jsonOfMySQL : jsonOfMariaDB, isKey: false),
        Extreme(
            declaration: "POINT", values: [("POINT(1,2)", #""AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==""#)],
            isKey: false),
    ]

    private static let all = (numbers + moments + texts).filter { SharedServer.has($0.declaration) }

    private static let shared = Result { try makeDaemon() }

    /// Makes tables `tN` with the values of the Nth type; every row belongs to owner 1.
    private static func makeDaemon() throws -> DaemonUnderTest {
        var script =
            "SET sql_mode = 'ALLOW_INVALID_DATES'; SET time_zone = '+00:00'; CREATE TABLE owners (id INT PRIMARY KEY);"
        var relationships = ""
        for (number, type) in all.enumerated() {
            script +=
                "CREATE TABLE t\(number) (id INT PRIMARY KEY, owner INT NOT NULL, v \(type.declaration)) CHARACTER SET utf8mb4;"
            for (id, value) in type.values.enumerated() {
                script += "INSERT INTO t\(number) VALUES (\(id), 1, \(value.sql));"
            }
            script += "INSERT INTO t\(number) VALUES (100, 1, NULL);"
            relationships += relationshipTOML("owners.t\(number)", from: "owners.id", to: "t\(number).owner")
            if type.isKey {
                relationships += relationshipTOML("t\(number).same", from: "t\(number).v", to: "t\(number).v")
            }
        }
        let database = try SharedServer.freshDatabase(named: "extreme")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(script)
        return try DaemonUnderTest(server, database: database, settings: relationships)
    }

    @Test(arguments: all.indices)
    func `an extreme value of every type is shown in its documented form`(number: Int) throws {
        let type = Self.all[number]
        let reply = try Self.shared.get().ask(
            "{\"load\":\"owners.t\(number)\",\"key\":1,\"columns\":[\"v\"]}")
        let shown = reply["rows"]?.elements.map { $0["v"] ?? .bool(false) }
        #expect(try shown == type.values.map { try JSONValue($0.json) } + [.null], "\(type.declaration)")
    }

    private func forms(_ type: Extreme) -> [(id: Int, json: String)] {
        type.values.enumerated().map { ($0, $1.json) } + type.spellings.map { ($0.of, $0.json) }
    }

    @Test(arguments: all.indices.filter { all[$0].isKey })
    func `a shown value finds its own row as a key, alone and among others`(number: Int) throws {
        let type = Self.all[number]
        let daemon = try Self.shared.get()
        let forms = forms(type)
        let keys = forms.map(\.json).joined(separator: ",")
        let reply = try daemon.ask("{\"load\":\"t\(number).same\",\"keys\":[\(keys)],\"columns\":[\"id\"]}")
        let found = reply["results"]?.elements.map { $0.elements.map { $0["id"]?.number } }
        #expect(found == forms.map { ["\($0.id)"] }, "\(type.declaration): \(reply)")
        for form in forms {
            let single = try daemon.ask(
                "{\"load\":\"t\(number).same\",\"key\":\(form.json),\"columns\":[\"id\"]}")
            #expect(single.rowIDs == ["\(form.id)"], "\(type.declaration) \(form.json.prefix(90)): \(single)")
        }
    }

    @Test(arguments: all.indices.filter { all[$0].isKey })
    func `a shown value finds its own row in a filter`(number: Int) throws {
        let type = Self.all[number]
        let daemon = try Self.shared.get()
        let forms = forms(type)
        func ask(_ filter: String) throws -> [String]? {
            try daemon.ask(
                "{\"load\":\"owners.t\(number)\",\"key\":1,\"columns\":[\"id\"],\"where\":{\"v\":\(filter)}}"
            ).rowIDs
        }
        let all = type.values.indices.map { "\($0)" }
        for form in forms {
            #expect(try ask(form.json) == ["\(form.id)"], "\(type.declaration) \(form.json.prefix(90))")
            #expect(
                try ask("{\"ne\":\(form.json)}") == all.filter { $0 != "\(form.id)" }, "\(type.declaration)")
        }
        #expect(try ask("[\(forms.map(\.json).joined(separator: ","))]") == all, "\(type.declaration)")
        #expect(try ask("[null]") == ["100"])
    }

    @Test(arguments: all.indices.filter { all[$0].isKey })
    func `an include on a column of every type gives each row its own related row`(number: Int) throws {
        let type = Self.all[number]
        let reply = try Self.shared.get().ask(
            "{\"load\":\"owners.t\(number)\",\"key\":1,\"columns\":[\"id\"],\"include\":{\"same\":{\"columns\":[\"id\"]}}}"
        )
        let found = reply["rows"]?.elements.map { $0["same"]?.elements.map { $0["id"]?.number } }
        #expect(found == type.values.indices.map { ["\($0)"] } + [[]], "\(type.declaration): \(reply)")
    }

    @Test func `TIMESTAMP values are shown in UTC, whatever zone they were written in`() throws {
        let database = try SharedServer.freshDatabase(named: "zones")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE owners (id INT PRIMARY KEY);
            CREATE TABLE times (id INT PRIMARY KEY, owner INT, t TIMESTAMP NULL, FOREIGN KEY (owner) REFERENCES owners (id));
            INSERT INTO owners VALUES (1);
            SET time_zone = '+05:30'; INSERT INTO times VALUES (1, 1, '2026-01-01 05:30:00');
            SET time_zone = '-03:00'; INSERT INTO times VALUES (2, 1, '2025-12-31 21:00:00');
            """)
        let daemon = try DaemonUnderTest(server, database: database)
        let load =
            #"{"load":"owners.times","key":1,"columns":["id","t"],"where":{"t":"2026-01-01T00:00:00Z"}}"#
        #expect(
            try daemon.ask(load)["rows"]
                == JSONValue(#"[{"id":1,"t":"2026-01-01T00:00:00Z"},{"id":2,"t":"2026-01-01T00:00:00Z"}]"#))
    }

    @Test func `values of 16 MB and text that is not UTF-8 leave the reply one valid line`() throws {
        let database = try SharedServer.freshDatabase(named: "large")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE owners (id INT PRIMARY KEY);
            CREATE TABLE large (id INT PRIMARY KEY, owner INT, t LONGTEXT, b LONGBLOB, FOREIGN KEY (owner) REFERENCES owners (id));
            INSERT INTO owners VALUES (1), (2); INSERT INTO large VALUES (1, 1, REPEAT('ä\\n', 5592405), NULL), (2, 1, NULL, REPEAT(x'00', 12582912));
            SET sql_mode = '';
            CREATE TABLE broken (id INT PRIMARY KEY, owner INT, t VARCHAR(20) CHARACTER SET utf8mb3, FOREIGN KEY (owner) REFERENCES owners (id));
            INSERT INTO broken VALUES (1, 2, CONVERT(x'61C328' USING utf8mb3));
            """)
        let daemon = try DaemonUnderTest(server, database: database)
        let lines = try daemon.client()
        let text = try lines.ask(#"{"load":"owners.large","key":1,"columns":["t"],"where":{"id":1}}"#)
        #expect(text.utf8.count == 5_592_405 * 4 + #"{"rows":[{"t":""}]}"#.utf8.count)
        #expect(text.hasSuffix("ä\\n\"}]}") && !text.contains("\n"))
        let blob = try lines.ask(#"{"load":"owners.large","key":1,"columns":["b"],"where":{"id":2}}"#)
        #expect(blob.utf8.count == 16_777_216 + #"{"rows":[{"b":""}]}"#.utf8.count)
        let broken = try daemon.ask(#"{"load":"owners.broken","key":2,"columns":["t"]}"#)
        #expect(broken["rows"]?.elements.count == 1)
        #expect(broken["rows"]?[0]?["t"]?.text?.hasPrefix("a") == true)
    }
}
