import Foundation
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// The schema is read from what the server states, not guessed from names. What the account may not read is
/// not served, and `check` finds everything that would fail.
@Suite struct SchemaReadingTests {
    private struct ServedDatabase {
        let daemon: DaemonUnderTest
        let database: String

        /// - Parameter script: SQL that is executed in a new database; `$DB` in it stands for its name.
        init(_ script: String, settings: String = "", user: String = "root") throws {
            database = try SharedServer.freshDatabase(named: "reading")
            let server = try SharedServer.server
            try server.client(database: database).executeScript(script.replacing("$DB", with: database))
            daemon = try DaemonUnderTest(
                server, database: database, settings: settings, user: user.replacing("$DB", with: database))
        }

        func check() throws -> String {
            try DaemonUnderTest.run(["check", "--config", daemon.configPath]).output
        }
    }

    // MARK: JSON

    /// django #16604: the server keeps a check constraint's name when its column is renamed.
    @Test func `a JSON column stays JSON when it is renamed, and no column is JSON because of its name`()
        throws
    {
        let served = try ServedDatabase(
            """
            CREATE TABLE o (id INT PRIMARY KEY);
            CREATE TABLE j (id INT PRIMARY KEY, o_id INT, doc JSON, `it``s` JSON, plain LONGTEXT, FOREIGN KEY (o_id) REFERENCES o (id));
            INSERT INTO o VALUES (1); INSERT INTO j VALUES (1, 1, '{"a":[1]}', '[2]', '[3]');
            ALTER TABLE j RENAME COLUMN doc TO document, RENAME COLUMN plain TO doc;
            """)
        #expect(
            try served.daemon.ask(#"{"load":"o.j","key":1}"#)["rows"]
                == JSONValue(#"[{"id":1,"o_id":1,"document":{"a":[1]},"it`s":[2],"doc":"[3]"}]"#))
    }

    @Test func `a JSON column seen through a view is JSON`() throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE o (id INT PRIMARY KEY); INSERT INTO o VALUES (1);
            CREATE TABLE j (id INT PRIMARY KEY, o_id INT, doc JSON, plain LONGTEXT);
            INSERT INTO j VALUES (1, 1, '{"a":[1]}', '[3]');
            CREATE VIEW v AS SELECT id, o_id, doc, plain, JSON_OBJECT('id', id) made FROM j;
            CREATE VIEW w AS SELECT id, o_id, doc AS renamed FROM v;
            CREATE VIEW broken AS SELECT id, plain FROM j; ALTER TABLE j RENAME COLUMN plain TO text;
            CREATE OR REPLACE VIEW v AS SELECT id, o_id, doc, text, JSON_OBJECT('id', id) made FROM j;
            """,
            settings: relationshipTOML("o.vs", from: "o.id", to: "v.o_id")
                + relationshipTOML("o.ws", from: "o.id", to: "w.o_id"))
        #expect(
            try served.daemon.ask(#"{"load":"o.vs","key":1}"#)["rows"]
                == JSONValue(#"[{"id":1,"o_id":1,"doc":{"a":[1]},"text":"[3]","made":{"id":1}}]"#))
        #expect(
            try served.daemon.ask(#"{"load":"o.ws","key":1}"#)["rows"]
                == JSONValue(#"[{"id":1,"o_id":1,"renamed":{"a":[1]}}]"#))
    }

    @Test func `a JSON column of a view stays JSON while the table behind it is locked`() throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE o (id INT PRIMARY KEY); INSERT INTO o VALUES (1);
            CREATE TABLE j (id INT PRIMARY KEY, o_id INT, doc JSON); INSERT INTO j VALUES (1, 1, '{"a":[1]}');
            CREATE VIEW v AS SELECT id, o_id, doc FROM j;
            """, settings: relationshipTOML("o.vs", from: "o.id", to: "v.o_id"))
        let locker = try SharedServer.server.client(database: served.database)
        try locker.execute("LOCK TABLES j WRITE")
        served.daemon.signal(SIGHUP)
        try served.daemon.waitForLog("reloaded")
        try locker.execute("UNLOCK TABLES")
        #expect(
            try served.daemon.ask(#"{"load":"o.vs","key":1,"columns":["doc"]}"#)
                == JSONValue(#"{"rows":[{"doc":{"a":[1]}}]}"#))
    }

    // MARK: Names

    /// pg-structure #21. On a case-sensitive server `shop` and `Shop` are two databases, and so are `shop`
    /// and `shóp`.
    @Test(arguments: ["UPPER", "accent"])
    func `a foreign key to another database is never taken for one within the database`(twin: String) throws {
        let server = try SharedServer.server
        let own = try SharedServer.freshDatabase(named: "reading")
        let other = twin == "UPPER" ? own.uppercased() : own.replacing("reading", with: "réading")
        let client = try server.client()
        try client.executeScript(
            """
            CREATE DATABASE `\(other)`;
            CREATE TABLE `\(other)`.authors (id INT PRIMARY KEY, name VARCHAR(20));
            INSERT INTO `\(other)`.authors VALUES (1, 'the right one');
            USE `\(own)`;
            CREATE TABLE authors (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO authors VALUES (1, 'a stranger');
            CREATE TABLE books (id INT PRIMARY KEY, author_id INT, FOREIGN KEY (author_id) REFERENCES `\(other)`.authors (id));
            INSERT INTO books VALUES (5, 1);
            """)
        let daemon = try DaemonUnderTest(server, database: own)
        let reply = try daemon.ask(#"{"load":"books.author","key":1}"#)
        #expect(reply["error"]?["code"] == .string("unknown_relationship"))
        let said = try DaemonUnderTest.run(["check", "--config", daemon.configPath]).output
        #expect(said.contains("books (author_id)") && said.contains("'\(other)'"), "\(said)")
        try daemon.waitForLog("another database")
    }

    /// With `lower_case_table_names = 1` the server takes `Shop` for `shop` and reports it so.
    @Test func `with lower_case_table_names = 1 the database may be named in any case`() throws {
        let server = try PrivateServer(arguments: ["--lower-case-table-names=1"])
        try server.client().executeScript(
            """
            CREATE DATABASE Shop; USE Shop; CREATE TABLE Authors (ID INT PRIMARY KEY, doc JSON); INSERT INTO Authors VALUES (1, '[1]');
            CREATE TABLE Books (id INT PRIMARY KEY, Author_id INT, FOREIGN KEY (Author_id) REFERENCES Authors (ID)); INSERT INTO Books VALUES (5, 1);
            CREATE VIEW Writers AS SELECT * FROM Authors;
            """)
        let daemon = try DaemonUnderTest(
            server, database: "SHOP",
            settings: relationshipTOML("books.writer", from: "books.Author_id", to: "writers.ID"))
        for load in ["books.Author", "books.writer"] {
            let reply = try daemon.ask("{\"load\":\"\(load)\",\"key\":1,\"columns\":[\"doc\"]}")
            #expect(reply["row"] ?? reply["rows"]?[0] == (try JSONValue(#"{"doc":[1]}"#)), "\(reply)")
        }
    }

    @Test func `check names each foreign key without a relationship and the reason`() throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE a (id INT PRIMARY KEY, e ENUM('x') UNIQUE);
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id));
            CREATE USER $DB@localhost; GRANT SELECT ON $DB.a TO $DB@localhost; GRANT SELECT (id), INSERT ON $DB.b TO $DB@localhost;
            """, user: "$DB")
        let said = try served.check()
        #expect(said.contains("b (a_id)"), "\(said)")
    }

    @Test(arguments: ["author_id", "Author_Id", "AUTHOR_ID", "author_ID", "authorId", "authorID", "Author"])
    func `a many-to-one relationship is named after its column without the ending _id, Id or ID`(
        column: String
    ) throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE people (id INT PRIMARY KEY); INSERT INTO people VALUES (1);
            CREATE TABLE books (id INT PRIMARY KEY, \(column) INT, FOREIGN KEY (\(column)) REFERENCES people (id));
            """)
        let names = try #require(try served.daemon.ask(#"{"op":"describe"}"#)["relationships"]).elements
        let name = column == "Author" ? "books.Author_people" : "books." + column.prefix(6)
        #expect(names.compactMap { $0["name"]?.text } == [name, "people.books"])
    }

    // MARK: Keys

    /// Propel2 #1549: the server reports `ROW END` as a part of every unique key.
    @Test(
        .requires(.mariaDB, "only MariaDB has system-versioned tables"), arguments: ["", "INVISIBLE"])
    func `a system-versioned table has its declared unique keys`(visibility: String) throws {
        let period = """
            rs TIMESTAMP(6) GENERATED ALWAYS AS ROW START \(visibility), re TIMESTAMP(6) GENERATED ALWAYS AS ROW END \(visibility), PERIOD FOR SYSTEM_TIME (rs, re)
            """
        let served = try ServedDatabase(
            """
            CREATE TABLE u (id INT, name VARCHAR(9), \(period), PRIMARY KEY (id), UNIQUE (name)) WITH SYSTEM VERSIONING;
            CREATE TABLE p (id INT PRIMARY KEY, u_id INT UNIQUE, FOREIGN KEY (u_id) REFERENCES u (id));
            CREATE TABLE t (id INT PRIMARY KEY);
            CREATE TABLE ut (u_id INT, t_id INT, \(period), PRIMARY KEY (u_id, t_id), FOREIGN KEY (u_id) REFERENCES u (id),
              FOREIGN KEY (t_id) REFERENCES t (id)) WITH SYSTEM VERSIONING;
            INSERT INTO u (id, name) VALUES (1, 'a'); INSERT INTO p VALUES (7, 1); INSERT INTO t VALUES (5), (6);
            INSERT INTO ut (u_id, t_id) VALUES (1, 5), (1, 6); DELETE FROM ut WHERE t_id = 6;
            UPDATE u SET name = 'b';
            """)
        let expected = [
            #"{"load":"p.u","key":1,"columns":["id","name"]}"#: #"{"row":{"id":1,"name":"b"}}"#,
            #"{"load":"u.p","parent":1}"#: #"{"row":{"id":7,"u_id":1}}"#,
            #"{"load":"u.t","key":1}"#: #"{"rows":[{"id":5}]}"#,
            #"{"load":"t.u","key":5,"columns":["name"]}"#: #"{"rows":[{"name":"b"}]}"#,
        ]
        for (request, reply) in expected {
            #expect(try served.daemon.ask(request) == JSONValue(reply), "\(request)")
        }
    }

    @Test func `an INVISIBLE column can be a key and is not shown`() throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY INVISIBLE, name VARCHAR(9));
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT INVISIBLE, FOREIGN KEY (a_id) REFERENCES a (id));
            INSERT INTO a (id, name) VALUES (1, 'z'), (2, 'y'); INSERT INTO b (id, a_id) VALUES (7, 1), (8, 1), (9, 2);
            """,
            settings: """
                [relationships."b.whole"]
                from = "b.a_id"
                to = "a.id"
                kind = "one"
                columns = ["id", "name"]
                """)
        let expected = [
            #"{"load":"a.b","key":1}"#: #"{"rows":[{"id":7},{"id":8}]}"#,
            #"{"load":"b.a","key":1}"#: #"{"row":{"name":"z"}}"#,
            #"{"load":"b.a","parents":[9,7]}"#: #"{"results":[{"name":"y"},{"name":"z"}]}"#,
            #"{"load":"b.whole","key":2}"#: #"{"row":{"id":2,"name":"y"}}"#,
            #"{"load":"a.b","parent":2,"include":{"a":{}}}"#: #"{"rows":[{"id":9,"a":{"name":"y"}}]}"#,
        ]
        for (request, reply) in expected {
            #expect(try served.daemon.ask(request) == JSONValue(reply), "\(request)")
        }
        let hidden = try served.daemon.ask(#"{"load":"a.b","key":1,"columns":["a_id"]}"#)
        #expect(hidden["error"]?["code"] == .string("unknown_column"))
    }

    // MARK: Privileges

    /// graphile #1451: the `INSERT` privilege on a table makes all its columns visible.
    @Test func `a column without the SELECT privilege is not read anywhere`() throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE a (id INT PRIMARY KEY, secret INT); INSERT INTO a VALUES (1, 9);
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT, title VARCHAR(9), FOREIGN KEY (a_id) REFERENCES a (id)); INSERT INTO b VALUES (2, 1, 't');
            CREATE TABLE c (id INT PRIMARY KEY, b_id INT, FOREIGN KEY (b_id) REFERENCES b (id));
            CREATE USER $DB@localhost; GRANT INSERT, SELECT (id) ON $DB.a TO $DB@localhost;
            GRANT INSERT, SELECT (a_id, title) ON $DB.b TO $DB@localhost; GRANT INSERT ON $DB.c TO $DB@localhost;
            """, user: "$DB")
        #expect(try served.daemon.ask(#"{"load":"b.a","key":1}"#) == JSONValue(#"{"row":{"id":1}}"#))
        // The primary key of b, by which its rows would be ordered, cannot be read either.
        #expect(
            try served.daemon.ask(#"{"load":"a.b","key":1}"#)
                == JSONValue(#"{"rows":[{"a_id":1,"title":"t"}]}"#)
        )
        #expect(try served.check().contains("all is well"))
    }

    @Test func `an index or a foreign key with an unreadable column is ignored, not taken for a shorter one`()
        throws
    {
        let served = try ServedDatabase(
            """
            CREATE TABLE a (id INT PRIMARY KEY, tenant INT NOT NULL, number INT NOT NULL, UNIQUE (number, tenant));
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT NOT NULL, isbn INT NOT NULL, tenant INT, number INT, UNIQUE (a_id, isbn),
              FOREIGN KEY (a_id) REFERENCES a (id), FOREIGN KEY (number, tenant) REFERENCES a (number, tenant));
            INSERT INTO a VALUES (1, 1, 7), (2, 2, 7); INSERT INTO b VALUES (1, 1, 1, 1, 7), (2, 1, 2, 2, 7), (3, 2, 3, 2, 7);
            CREATE ROLE r$DB; CREATE USER $DB@localhost; GRANT r$DB TO $DB@localhost; SET DEFAULT ROLE r$DB \(SharedServer.kind == .mySQL ? "TO" : "FOR") $DB@localhost;
            GRANT INSERT, SELECT (id, number) ON $DB.a TO r$DB; GRANT INSERT, SELECT (id, a_id, number) ON $DB.b TO $DB@localhost;
            """, user: "$DB")
        let names = try #require(try served.daemon.ask(#"{"op":"describe"}"#)["relationships"]).elements
        #expect(names.compactMap { $0["name"]?.text } == ["a.b", "b.a"])
        #expect(
            try served.daemon.ask(#"{"load":"a.b","key":1,"columns":["id"]}"#)
                == JSONValue(#"{"rows":[{"id":1},{"id":2}]}"#))
        #expect(
            try served.daemon.ask(#"{"load":"b.a","key":1}"#) == JSONValue(#"{"row":{"id":1,"number":7}}"#))
        #expect(try served.check().contains("b (number, tenant)"))
    }

    /// The definer of a view has been dropped, which shows only when the view is read.
    @Test func `check fails for a relationship whose queries the server refuses`() throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE a (id INT PRIMARY KEY, name VARCHAR(9)); CREATE TABLE b (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id));
            CREATE USER definer_$DB@localhost; GRANT SELECT ON $DB.* TO definer_$DB@localhost;
            CREATE DEFINER = definer_$DB@localhost VIEW v AS SELECT id, a_id FROM b;
            CREATE USER $DB@localhost; GRANT SELECT ON $DB.v TO $DB@localhost; GRANT SELECT ON $DB.a TO $DB@localhost;
            """, settings: relationshipTOML("a.vs", from: "a.id", to: "v.a_id"), user: "$DB")
        #expect(try served.check().contains("all is well, 1 relationships"))
        try SharedServer.server.client().execute("DROP USER definer_\(served.database)@localhost")
        let refused = try DaemonUnderTest.run(["check", "--config", served.daemon.configPath])
        let line = try #require(
            try String(contentsOfFile: served.daemon.configPath, encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false
            ).firstIndex { $0.contains("\"a.vs\"") })
        #expect(refused.status == 78)
        #expect(
            refused.output.contains("kindred.toml:\(line + 1): relationship 'a.vs': every load fails: 1"),
            "\(refused.output)")
    }

    @Test func `check warns of a relationship that cannot be tried at the moment, and does not fail`() throws
    {
        let served = try ServedDatabase(
            """
            CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id));
            """)
        let locker = try SharedServer.server.client(database: served.database)
        try locker.execute("LOCK TABLES b WRITE")
        let said = try DaemonUnderTest.run(["check", "--config", served.daemon.configPath])
        #expect(said.status == 0)
        #expect(
            said.output.contains("warning: relationship 'a.b' could not be tried now: 1205"), "\(said.output)"
        )
    }

    // MARK: Indexes

    /// ghostferry #383.
    @Test func `check warns of an index that the server ignores`() throws {
        let ignored = SharedServer.kind == .mySQL ? "INVISIBLE" : "IGNORED"
        let served = try ServedDatabase(
            """
            CREATE TABLE o (id INT PRIMARY KEY); INSERT INTO o VALUES (1);
            CREATE TABLE ignored (id INT PRIMARY KEY, o_id INT, KEY k (o_id) \(ignored)); INSERT INTO ignored VALUES (1, 1);
            CREATE TABLE disabled (id INT PRIMARY KEY, o_id INT, KEY k (o_id)) ENGINE = MyISAM; ALTER TABLE disabled DISABLE KEYS;
            CREATE TABLE used (id INT PRIMARY KEY, o_id INT, KEY k (o_id));
            CREATE TABLE single (id INT PRIMARY KEY, o_id INT, UNIQUE k (o_id) \(ignored)); INSERT INTO single VALUES (1, 1);
            """,
            settings: ["ignored", "disabled", "used", "single"].map {
                relationshipTOML("o.\($0)", from: "o.id", to: "\($0).o_id")
            }.joined())
        let said = try served.check()
        for name in ["ignored", "disabled", "single"] {
            #expect(said.contains("no index of '\(name)' begins with o_id"), "\(said)")
        }
        #expect(!said.contains("'used'"), "\(said)")
        let explained = try DaemonUnderTest.run([
            "explain", "--config", served.daemon.configPath, #"{"load":"o.ignored","key":1,"limit":1}"#,
        ]).output
        #expect(explained.contains("index: none begins with o_id"), "\(explained)")
        #expect(explained.contains("'k' is IGNORED, INVISIBLE or disabled: use it, or create one"))
    }

    @Test(.requires(.mySQL, "MariaDB has no indexes over expressions"))
    func `a unique index with a part over an expression makes no column unique`() throws {
        let served = try ServedDatabase(
            """
            CREATE TABLE o (id INT PRIMARY KEY); INSERT INTO o VALUES (1);
            CREATE TABLE p (id INT PRIMARY KEY, o_id INT, name VARCHAR(9), UNIQUE KEY u (o_id, (LOWER(name))),
              FOREIGN KEY (o_id) REFERENCES o (id));
            INSERT INTO p VALUES (1, 1, 'a'), (2, 1, 'b');
            """)
        #expect(try served.daemon.ask(#"{"load":"o.ps","key":1}"#).rowIDs == nil)
        #expect(try served.daemon.ask(#"{"load":"o.p","key":1}"#).rowIDs == ["1", "2"])
    }
}
