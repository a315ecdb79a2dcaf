import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// A key gives the same rows alone, among others, by `keys`, by `parents`, in an include, with a limit and as
/// a count, for every pair of comparable columns of any width, character set and collation. And every value
/// that the daemon shows can be used as a key.
@Suite struct KeyConsistencyTests {
    /// Column types that can be compared with one another, and values of them, as SQL.
    struct Family: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let types: [String]
        let values: [String]
        /// Whether the types are texts: `c.k = p.k` would compare by a collation that is not the child
        /// column's.
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
                "VARCHAR(10) COLLATE utf8mb4_unicode_ci",
                "VARCHAR(10) COLLATE \(SharedServer.noPadBinaryCollation)",
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
    .filter { $0.types.allSatisfy(SharedServer.has) }

    /// A served database with a family's tables: `pN` are the parents and `cN` the children with a column `k`
    /// of the Nth type.
    private struct FamilyTables {
        let daemon: DaemonUnderTest
        let client: BlockingClient
        let lineClient: LineClient

        init(_ family: Family) throws {
            var script =
                "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'; CREATE TABLE root (id INT PRIMARY KEY);"
            var relationships = ""
            for (number, type) in family.types.enumerated() {
                let key = ["BLOB", "TEXT"].contains(String(type.prefix(4))) ? "k(4)" : "k"
                for table in ["p\(number)", "c\(number)"] {
                    script +=
                        "CREATE TABLE \(table) (id INT PRIMARY KEY AUTO_INCREMENT, r INT DEFAULT 1, k \(type), KEY (\(key)));"
                    for value in family.values {
                        script += "INSERT IGNORE INTO \(table) (k) VALUES (\(value));"
                    }
                    // With few rows the server would not use the index.
                    script +=
                        "INSERT INTO \(table) (r) SELECT 2 FROM \(numbers(to: 300)); ANALYZE TABLE \(table);"
                }
                relationships += relationshipTOML("root.p\(number)", from: "root.id", to: "p\(number).r")
                for other in family.types.indices {
                    relationships += relationshipTOML(
                        "p\(number).c\(other)", from: "p\(number).k", to: "c\(other).k")
                }
            }
            let database = try SharedServer.freshDatabase(named: "ways")
            let server = try SharedServer.server
            try server.client(database: database).executeScript(script)
            client = try server.client(database: database)
            try client.execute("SET time_zone = '+00:00', sql_mode = ''")
            daemon = try DaemonUnderTest(server, database: database, settings: relationships)
            lineClient = try daemon.client()
        }

        func ask(_ line: String) throws -> JSONValue { try JSONValue(lineClient.ask(line)) }
    }

    /// Returns the children's ids by their parent's, as the server itself finds them: it compares the value
    /// as one of the child's column.
    private func expected(
        _ tables: FamilyTables, _ family: Family, _ parent: Int, _ child: Int
    ) throws -> [String: [String]] {
        // When it joins them, the server cuts one BIT to the width of the other.
        let plain = family.types[child].hasPrefix("BIT") ? "c.k + 0 = p.k + 0" : "c.k = p.k"
        let text = family.isText ? try textCondition(tables, parent: parent, child: child) : plain
        let rows = try tables.client.strings(
            "SELECT p.id, c.id FROM p\(parent) p JOIN c\(child) c IGNORE INDEX (k) ON \(text) WHERE p.r = 1 ORDER BY p.id, c.id"
        )
        var found: [String: [String]] = [:]
        for row in rows { found[row[0] ?? "", default: []].append(row[1] ?? "") }
        return found
    }

    private func textCondition(_ tables: FamilyTables, parent: Int, child: Int) throws -> String {
        let rows = try tables.client.strings(
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
    func `a key gives the same rows alone, in a list, by parent, in an include, with a limit and as a count`(
        family: Family
    ) throws {
        let tables = try FamilyTables(family)
        for parent in family.types.indices {
            let reply = try tables.ask("{\"load\":\"root.p\(parent)\",\"key\":1,\"order\":[\"id\"]}")
            let rows = try #require(reply["rows"]?.elements, "\(reply)").filter { $0["k"] != .null }
            for child in family.types.indices {
                let expected = try expected(tables, family, parent, child)
                let wanted = rows.map { expected[$0["id"]?.number ?? ""] ?? [] }
                for (way, found) in try waysToAsk(tables, parent, child, rows) {
                    let pair = "\(family.types[parent]) -> \(family.types[child]), \(way)"
                    #expect(found.count == wanted.count, "\(pair)")
                    for (row, (got, right)) in zip(rows, zip(found, wanted)) {
                        #expect(got == right, "\(pair): \(row)")
                    }
                }
            }
        }
    }

    /// Returns, for each way to ask, the ids that each of the parent's rows leads to.
    private func waysToAsk(
        _ tables: FamilyTables, _ parent: Int, _ child: Int, _ rows: [JSONValue]
    ) throws -> [(String, [[String]])] {
        let load = "{\"load\":\"p\(parent).c\(child)\",\"columns\":[\"id\"]"
        let keys = rows.map { "\($0["k"] ?? .null)" }
        let ids = rows.compactMap { $0["id"]?.number }
        let list = keys.joined(separator: ",")
        let include = try tables.ask(
            "{\"load\":\"root.p\(parent)\",\"key\":1,\"order\":[\"id\"],\"include\":{\"c\(child)\":{\"columns\":[\"id\"]}}}"
        )
        let included = include["rows"]?.elements.filter { $0["k"] != .null }.map { $0["c\(child)"] ?? .null }
        let counts = try tables.ask("{\"load\":\"p\(parent).c\(child)\",\"keys\":[\(list)],\"count\":true}")[
            "counts"]
        let together = try tables.ask(load + ",\"keys\":[\(list)]}").resultIDs
        #expect(counts?.elements.compactMap(\.number) == together.map { "\($0.count)" })
        return [
            ("alone", try keys.map { try tables.ask(load + ",\"key\":\($0)}")["rows"].ids }),
            ("together", together),
            ("limited", try tables.ask(load + ",\"limit\":500,\"keys\":[\(list)]}").resultIDs),
            (
                "by parents",
                try tables.ask(load + ",\"parents\":[\(ids.joined(separator: ","))]}").resultIDs
            ),
            ("by one parent", try ids.map { try tables.ask(load + ",\"parent\":\($0)}")["rows"].ids }),
            ("included", included?.map { $0.ids } ?? []),
        ]
    }
}
