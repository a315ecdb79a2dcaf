import Configuration
import MariaDB
import Planning
import PrivateServer
import Relations
import TestSupport
import Testing

@testable import Service

/// How many rows the server reads for the first rows of each key, by its own counters.
@Suite struct FirstRowsTests {
    private static let keys = 20
    private static let rowsOfKey = 500

    /// Tables with the same rows and other primary keys.
    private struct Shelves {
        let client: BlockingClient
        let catalog: Catalog

        init() throws {
            let database = try SharedServer.freshDatabase(named: "first_rows")
            client = try SharedServer.server.client(database: database)
            let columns = "author_id INT NOT NULL, sold INT NOT NULL, lang VARCHAR(2) NOT NULL"
            let indexes =
                "KEY (author_id, sold), KEY (lang, author_id, sold), FOREIGN KEY (author_id) REFERENCES authors (id)"
            let rows =
                "1 + seq % \(keys), seq * 7919 % 5003, ELT(1 + seq % 3, 'de', 'en', 'fr') FROM \(numbers(to: keys * rowsOfKey))"
            try client.executeScript(
                """
                CREATE TABLE authors (id INT PRIMARY KEY); INSERT INTO authors SELECT seq FROM \(numbers(to: keys));
                CREATE TABLE numbered (id INT PRIMARY KEY, \(columns), \(indexes));
                INSERT INTO numbered SELECT seq, \(rows);
                CREATE TABLE named (id VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, \(columns), \(indexes));
                INSERT INTO named SELECT CONCAT('b', seq), \(rows);
                CREATE TABLE paired (part CHAR(3) NOT NULL, id INT NOT NULL, \(columns), \(indexes), PRIMARY KEY (part, id));
                INSERT INTO paired SELECT CONCAT('p', seq % 7), seq, \(rows);
                ANALYZE TABLE authors, numbered, named, paired;
                """)
            var settings = Settings()
            settings.database.name = database
            catalog = Catalog.make(settings, try SchemaReader.read(client, settings)).catalog
        }

        /// Runs the query for all keys.
        /// - Parameter position: where the rows of a key begin.
        /// - Returns: its form, the rows that it brought, and those that the server read for them.
        func read(
            _ name: String, _ selection: Selection, from position: (Int64) throws -> Position? = { _ in nil }
        ) throws -> (Planner.Form, rows: [[String?]], read: Int) {
            let relationship = try #require(catalog.relationships.first { $0.name == name })
            let planner = Planner(relationship, selection)
            let keys = try (1...Int64(keys)).map { key in
                let plain = Key.single(.integer(key))
                return try position(key).map { .paged(plain, from: $0) } ?? plain
            }
            let statement = planner.statement(for: keys, showing: relationship.primaryKey)
            let before = try rowsRead()
            let rows = try client.strings(String(decoding: statement.sql, as: UTF8.self))
            return (planner.form(keys), rows, try rowsRead() - before)
        }

        /// Where a row stands among those of its key.
        /// - Parameter depth: the number of rows in front of it.
        func position(
            in relationship: Relationship, of key: Int64, _ order: [OrderTerm], _ columns: [Column],
            at depth: Int
        ) throws -> Position {
            let names = columns.map(\.name).joined(separator: ",")
            let terms = order.map { $0.column + ($0.descending ? " DESC" : "") }.joined(separator: ",")
            let row = try client.strings(
                """
                SELECT \(names) FROM \(relationship.table) WHERE author_id = \(key)
                ORDER BY \(terms) LIMIT 1 OFFSET \(depth)
                """)[0]
            return Position(
                try zip(columns, row).map { column, cell in
                    try Scalar(.string(Array((cell ?? "").utf8)), as: column.type)
                })
        }

        private func rowsRead() throws -> Int {
            try client.strings("SHOW SESSION STATUS LIKE 'Handler_read%'").reduce(0) {
                $0 + ($1[1].flatMap { Int($0) } ?? 0)
            }
        }
    }

    private func order(_ terms: [String]) -> [OrderTerm] {
        terms.map { OrderTerm(column: $0.filter { $0 != "-" }, descending: $0.hasPrefix("-")) }
    }

    @Test(arguments: [
        ("authors.numbered", ["sold", "id"]), ("authors.numbered", ["-sold", "-id"]),
        ("authors.named", ["sold", "id"]), ("authors.named", ["-sold", "-id"]),
        ("authors.paired", ["sold", "part", "id"]), ("authors.paired", ["-sold", "-part", "-id"]),
    ])
    func `only about the wanted rows are read from an index that has them in order`(
        name: String, terms: [String]
    ) throws {
        let shelves = try Shelves()
        let relationship = try #require(shelves.catalog.relationships.first { $0.name == name })
        let lang = try #require(relationship.columns.first { $0.name == "lang" })
        let german = Condition(lang, .equal(.text(Array("de".utf8))))
        let window = Selection(order: order(["lang"] + terms), limit: 3)
        let all = try shelves.read(name, window)
        #expect(all.0 == .window && all.read >= Self.keys * Self.rowsOfKey, "\(all.read) read")
        for (limit, offset, conditions) in [(3, 0, []), (3, 2, []), (3, 0, [german]), (40, 10, [])] {
            let selection = Selection(
                conditions: conditions, order: order(terms), limit: limit, offset: offset)
            let (form, rows, read) = try shelves.read(name, selection)
            #expect(rows.count == Self.keys * limit)
            // MariaDB has no LATERAL: few rows of a key with a number each are what takes its place, and a
            // query for each key otherwise.
            let hasLateral = relationship.dialect.hasLateral
            let hasSubqueries = !hasLateral && name == "authors.numbered" && limit < 20
            #expect(form == (hasLateral || hasSubqueries ? .lateral : .selectPerKey))
            // Each scalar subquery begins with the key's first row.
            let wanted = Self.keys * (limit + offset) * (hasSubqueries ? limit : 1)
            #expect(read >= wanted / 2 && read <= 6 * wanted, "\(selection): \(read) read for \(wanted)")
        }
    }

    @Test(arguments: [
        ("authors.numbered", ["sold", "id"]), ("authors.numbered", ["-sold", "-id"]),
        ("authors.named", ["sold", "id"]), ("authors.paired", ["-sold", "-part", "-id"]),
    ])
    func `only about the wanted rows of a page are read, at any depth and in both directions`(
        name: String, terms: [String]
    ) throws {
        let shelves = try Shelves()
        let relationship = try #require(shelves.catalog.relationships.first { $0.name == name })
        let order = order(terms)
        let columns = try order.map { term in
            try #require(relationship.columns.first { $0.name == term.column })
        }
        for direction in [Paging.Direction.after, .before] {
            let page = Selection(order: order, limit: 3, paging: Paging(direction, columns: columns))
            for depth in [10, 250, 490] {
                let (form, rows, read) = try shelves.read(name, page) { key in
                    try shelves.position(in: relationship, of: key, order, columns, at: depth)
                }
                #expect(form == .selectPerKey)
                #expect(rows.count == Self.keys * 4, "one row says whether there are more")
                #expect(read <= 6 * rows.count, "\(direction) \(depth): \(read) read for \(rows.count)")
            }
        }
    }
}
