import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Configured relationships, and settings that change what a client sees.
@Suite struct ConfiguredRelationshipTests {
    private static let schema = """
        CREATE TABLE books (id INT PRIMARY KEY, author INT NOT NULL, sold BIGINT NOT NULL, seen TIMESTAMP NULL);
        CREATE TABLE tags (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL);
        CREATE TABLE labels (book INT, tag INT, KEY (book));
        CREATE TABLE sights (seen TIMESTAMP NULL, KEY (seen));
        CREATE VIEW hits AS SELECT * FROM books WHERE sold > 5;
        INSERT INTO books VALUES (1, 7, 10, '2026-01-02 03:04:05'), (2, 7, 9007199254740993, NULL), (3, 7, 10, NULL),
          (4, 8, 1, NULL);
        INSERT INTO tags VALUES (1, 'a'), (2, 'b');
        INSERT INTO labels VALUES (1, 2), (1, 1), (1, 2), (2, NULL), (NULL, 1);
        SET sql_mode = '';
        INSERT INTO sights VALUES ('0000-00-00 00:00:00'), ('2026-01-02 03:04:05');
        """

    private static let relationships = """
        [relationships."books.bestsellers"]
        from = "books.author"
        to = "books.author"
        kind = "many"
        columns = ["id", "sold"]
        order = ["-sold"]

        [relationships."books.best"]
        from = "books.author"
        to = "hits.author"
        kind = "one"
        columns = ["id"]
        order = ["-sold", "-id"]

        [relationships."books.labels"]
        from = "books.id"
        to = "tags.id"
        through = { table = "labels", from = "book", to = "tag" }
        kind = "many"

        [relationships."books.tags"]
        from = "books.id"
        to = "tags.id"
        through = { table = "labels", from = "book", to = "tag" }
        kind = "many"
        distinct = true

        [relationships."books.sights"]
        from = "books.seen"
        to = "sights.seen"
        kind = "many"
        """

    private func makeDaemon(_ settings: String = "") throws -> DaemonUnderTest {
        let database = try SharedServer.freshDatabase(named: "configured")
        let server = try SharedServer.server
        try server.client(database: database).executeScript("SET time_zone = '+00:00';" + Self.schema)
        return try DaemonUnderTest(server, database: database, settings: settings + "\n" + Self.relationships)
    }

    private func results(_ daemon: DaemonUnderTest, _ load: String, _ keys: String) throws -> JSONValue? {
        try daemon.ask(#"{"load":"\#(load)","keys":\#(keys)}"#)["results"]
    }

    @Test func `columns and order are the configured ones, and the primary key decides ties`() throws {
        #expect(
            try results(makeDaemon(), "books.bestsellers", "[7,8,9]")
                == JSONValue(
                    #"[[{"id":2,"sold":9007199254740993},{"id":1,"sold":10},{"id":3,"sold":10}],[{"id":4,"sold":1}],[]]"#
                ))
    }

    @Test
    func `a to-one relationship with several rows answers the first in its order, and counts the others`()
        throws
    {
        let daemon = try makeDaemon()
        #expect(try results(daemon, "books.best", "[7,8]") == JSONValue(#"[{"id":2},null]"#))
        #expect(try daemon.ask(#"{"op":"stats"}"#)["stats"]?["surplus_rows"] == .number("2"))
    }

    @Test func `a pair that is twice in the join table gives two rows, or one with distinct`() throws {
        let daemon = try makeDaemon()
        let (a, b) = (#"{"id":1,"name":"a"}"#, #"{"id":2,"name":"b"}"#)
        #expect(try results(daemon, "books.labels", "[1,2]") == JSONValue("[[\(a),\(b),\(b)],[]]"))
        #expect(try results(daemon, "books.labels", "[1]") == JSONValue("[[\(a),\(b),\(b)]]"))
        #expect(try results(daemon, "books.tags", "[1,2]") == JSONValue("[[\(a),\(b)],[]]"))
        #expect(try results(daemon, "books.tags", "[1]") == JSONValue("[[\(a),\(b)]]"))
    }

    @Test func `a time outside the range of TIMESTAMP equals nothing, not the zero date`() throws {
        let keys =
            #"["1960-01-01T00:00:00Z","9999-12-31 00:00:00","0000-00-00T00:00:00Z","2026-01-02T03:04:05Z"]"#
        let expected = #"[[],[],[{"seen":"0000-00-00T00:00:00Z"}],[{"seen":"2026-01-02T03:04:05Z"}]]"#
        let daemon = try makeDaemon()
        #expect(try results(daemon, "books.sights", keys) == JSONValue(expected))
        #expect(try results(daemon, "books.sights", #"["1960-01-01T00:00:00Z"]"#) == JSONValue("[[]]"))
    }

    @Test func `big integers are strings where values.big_integers says so`() throws {
        let daemon = try makeDaemon("[values]\nbig_integers = \"string\"")
        let rows = try daemon.ask(#"{"load":"books.bestsellers","key":7}"#)["rows"]?.elements ?? []
        #expect(rows.map { $0["sold"] } == [.string("9007199254740993"), .number("10"), .number("10")])
    }

    @Test func `without discovery only configured relationships are there`() throws {
        let daemon = try makeDaemon("[catalog]\ndiscover = false")
        let names = try daemon.ask(#"{"op":"describe"}"#)["relationships"]?.elements.map { $0["name"]?.text }
        #expect(names == ["books.best", "books.bestsellers", "books.labels", "books.sights", "books.tags"])
    }
}
