import Foundation
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What `check` and `explain` say about indexes.
@Suite struct ExplainTests {
    private static let relationship = """
        [relationships."authors.unindexed"]
        from = "authors.id"
        to = "notes.author"
        kind = "many"
        """

    private static func makeShop() throws -> BookshopFixture {
        let shop = try BookshopFixture()
        try shop.server.client(database: shop.database).executeScript(
            """
            CREATE TABLE notes (id INT PRIMARY KEY, author INT NOT NULL); INSERT INTO notes VALUES (1, 1);
            CREATE INDEX sold ON books (author_id, sold DESC, id);
            ANALYZE TABLE books;
            """)
        try shop.daemon.rewrite(database: shop.database, settings: relationship)
        return shop
    }

    private static let shared = Result { try makeShop() }

    private func explain(_ load: String) throws -> (status: Int32?, output: String) {
        try DaemonUnderTest.run(["explain", "--config", Self.shared.get().daemon.configPath, load])
    }

    @Test func `check warns of a relationship whose key has no index, and exits with 0`() throws {
        let outcome = try DaemonUnderTest.run(["check", "--config", Self.shared.get().daemon.configPath])
        #expect(outcome.status == 0)
        let warnings = outcome.output.split(separator: "\n").filter { $0.contains("warning: relationship") }
        #expect(warnings.count == 1)
        #expect(warnings[0].contains("'authors.unindexed'") && warnings[0].contains("begins with author"))
    }

    @Test func `check warns of settings for a relationship that does not exist`() throws {
        let shop = try Self.shared.get()
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try DaemonUnderTest.configuration(
            in: directory, shop.server, database: shop.database,
            settings: "[batching.\"authors.bookz\"]\nmax_keys = 2"
        ).write(toFile: directory + "/c.toml", atomically: true, encoding: .utf8)
        let outcome = try DaemonUnderTest.run(["check", "--config", directory + "/c.toml"])
        #expect(outcome.status == 0)
        #expect(
            outcome.output.contains(
                "[batching.\"authors.bookz\"] has no effect: no relationship 'authors.bookz'"),
            "\(outcome.output)")
    }

    @Test func `the name of a relationship is explained with keys that really occur`() throws {
        let outcome = try explain("authors.books")
        #expect(outcome.status == 0 && outcome.output.contains("FROM `books` t WHERE t.`author_id`"))
        let unknown = try explain("authors.bookz")
        #expect(unknown.status == 1 && unknown.output.contains("did you mean 'authors.books'?"))
    }

    @Test func `explain prints the statement that creates a missing index`() throws {
        let outcome = try explain(#"{"load":"authors.unindexed","key":1}"#)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("ALTER TABLE `notes` ADD INDEX (`author`)"))
        #expect(outcome.output.contains("| ALL"))
    }

    @Test func `explain says when an index has a limited load's rows in order`() throws {
        let outcome = try explain(#"{"load":"authors.books","keys":[1,2],"order":["-sold"],"limit":3}"#)
        #expect(
            outcome.output.contains("limit: index 'sold' has each key's rows in order"), "\(outcome.output)")
        #expect(outcome.output.contains("Using index"))
    }

    @Test func `explain prints the index that a limited load's order lacks`() throws {
        let outcome = try explain(#"{"load":"authors.books","keys":[1,2],"order":["-price"],"limit":3}"#)
        #expect(outcome.output.contains("ALTER TABLE `books` ADD INDEX (`author_id`,`price` DESC,`id`)"))
        #expect(outcome.output.contains("ROW_NUMBER()"))
    }

    @Test func `explain shows every level of an include with existing keys`() throws {
        let outcome = try explain(
            #"{"load":"authors.books","key":1,"include":{"tags":{"include":{"books":{}}}}}"#)
        #expect(outcome.output.contains("include.tags: books.tags"))
        #expect(outcome.output.contains("include.tags.include.books: tags.books"))
    }

    @Test func `explain refuses a request that is no load`() throws {
        #expect(try explain(#"{"op":"ping"}"#).status == 64)
        let wrong = try explain(#"{"load":"authors.books","key":1,"where":{"pryce":1}}"#)
        #expect(wrong.status == 1)
        #expect(wrong.output.contains("unknown_column: where.pryce"))
    }
}
