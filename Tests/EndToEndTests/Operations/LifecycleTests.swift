import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

@Suite struct LifecycleTests {
    private static let bestsellers = """
        [relationships."authors.bestsellers"]
        from = "authors.id"
        to = "books.author_id"
        kind = "many"
        columns = ["title", "sold"]
        order = ["-sold", "id"]
        """

    private func isKnown(_ name: String, to daemon: DaemonUnderTest) throws -> Bool {
        try daemon.ask(#"{"op":"describe","load":"\#(name)"}"#)["relationships"] != nil
    }

    @Test func `SIGTERM answers the requests in progress, removes the socket and exits with 0`()
        throws
    {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        try client.send(#"{"id":1,"load":"authors.books","key":1}"#)
        #expect(try client.ask(#"{"id":2,"op":"ping"}"#) == #"{"id":2,"pong":true}"#)
        shop.daemon.signal(SIGTERM)
        try eventually("the daemon accepts no more connections") {
            (try? shop.daemon.client().ask(#"{"op":"ping"}"#)) == nil
        }
        try holder.execute("UNLOCK TABLES")
        let reply = try JSONValue(client.ask())
        #expect(reply["id"] == .number("1"))
        #expect(reply.rowIDs != nil, "\(reply)")
        #expect(try client.receive() == nil)
        #expect(shop.daemon.waitForExit() == 0)
        #expect(access(shop.daemon.socketPath, F_OK) != 0)
    }

    @Test func `SIGHUP applies a good file, and reports a bad one without changing anything`() throws {
        let shop = try BookshopFixture()
        #expect(try !isKnown("authors.bestsellers", to: shop.daemon))
        try shop.daemon.rewrite(database: shop.database, settings: Self.bestsellers)
        shop.daemon.signal(SIGHUP)
        try eventually("the new relationship is there") {
            try isKnown("authors.bestsellers", to: shop.daemon)
        }
        let rows = try shop.daemon.ask(#"{"load":"authors.bestsellers","key":5}"#)["rows"]?.elements ?? []
        let sold = rows.compactMap { $0["sold"]?.number.flatMap { Int($0) } }
        #expect(sold.count > 1)
        #expect(sold == sold.sorted(by: >))
        #expect(rows.first?.members.map(\.name) == ["title", "sold"])
        try shop.daemon.rewrite(database: shop.database, settings: "[batchin]\nwindow_ms = 1")
        shop.daemon.signal(SIGHUP)
        try eventually("the log names the fault") { shop.daemon.log.contains("batchin") }
        #expect(try isKnown("authors.bestsellers", to: shop.daemon))
    }

    @Test func `a reload reports that the socket was removed`() throws {
        let shop = try BookshopFixture()
        shop.daemon.signal(SIGHUP)
        try shop.daemon.waitForLog("reloaded")
        #expect(!shop.daemon.log.contains("was removed"))
        unlink(shop.daemon.socketPath)
        shop.daemon.signal(SIGHUP)
        try shop.daemon.waitForLog("the socket \(shop.daemon.socketPath) was removed")
    }

    @Test func `a reload does not apply settings that need a restart, and warns every time`() throws {
        let shop = try BookshopFixture()
        let other = try SharedServer.freshDatabase(named: "other")
        for times in 1...2 {
            try shop.daemon.rewrite(database: other, settings: "")
            shop.daemon.signal(SIGHUP)
            try eventually("the log warns of the setting") {
                shop.daemon.log.components(separatedBy: "database.name has changed").count == times + 1
            }
            try eventually("the reload has ended") {
                shop.daemon.log.components(separatedBy: "reloaded").count == times + 1
            }
            #expect(try shop.daemon.ask(#"{"load":"authors.books","key":5}"#)["rows"] != nil)
        }
    }

    @Test func `a socket that another daemon listens on is refused, and one left by a crash is replaced`()
        throws
    {
        let shop = try BookshopFixture()
        let second = try DaemonUnderTest.run(["serve", "--config", shop.daemon.configPath])
        #expect(second.status != 0)
        #expect(second.output.contains(shop.daemon.socketPath), "\(second.output)")
        #expect(try shop.daemon.ask(#"{"op":"ping"}"#)["pong"] == .bool(true))
        shop.daemon.signal(SIGKILL)
        #expect(shop.daemon.waitForExit() == 128 + SIGKILL)
        // A successor finds what a crash leaves: a socket file that nobody listens on.
        let third = try DaemonUnderTest(shop.server, database: shop.database, leavingDeadSocket: true)
        #expect(try third.ask(#"{"op":"ping"}"#)["pong"] == .bool(true))
    }

    @Test func `check and serve exit with 78 for a bad configuration, and name its file and line`() throws {
        let shop = try BookshopFixture()
        let path = shop.daemon.directory + "/other.toml"
        let good = DaemonUnderTest.configuration(
            in: shop.daemon.directory, shop.server, database: shop.database, settings: Self.bestsellers
        )
        .replacing("/k\"", with: "/other\"")  // not the living one's socket
        func outcome(_ text: String, _ command: String) throws -> (status: Int32?, output: String) {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return try DaemonUnderTest.run([command, "--config", path])
        }
        #expect(try outcome(good, "check").status == 0)
        let bad = [
            good + "\n[batching]\nwindow = 1\n",
            good.replacing("\"books.author_id\"", with: "\"books.author\""),
            good.replacing("[listen]", with: "[listen"),
        ]
        let lines = good.split(separator: "\n", omittingEmptySubsequences: false)
        let reference = try #require(lines.firstIndex(of: "to = \"books.author_id\"")) + 1
        for (text, line) in zip(bad, [lines.count + 2, reference, 1]) {
            for command in ["check", "serve"] {
                let (status, output) = try outcome(text, command)
                #expect(status == 78, "\(command): \(output)")
                #expect(output.contains("other.toml:\(line)"), "\(command): \(output)")
            }
        }
    }

    @Test func `check and query exit with 69 when nobody answers`() throws {
        let server = try SharedServer.server
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let text = DaemonUnderTest.configuration(in: directory, server, database: "x", settings: "")
            .replacing(server.socketPath, with: directory + "/nobody")
        try text.write(toFile: directory + "/c.toml", atomically: true, encoding: .utf8)
        #expect(try DaemonUnderTest.run(["check", "--config", directory + "/c.toml"]).status == 69)
        #expect(
            try DaemonUnderTest.run(["query", "--socket", directory + "/k", #"{"op":"ping"}"#]).status == 69)
    }

    @Test func `kindred query prints the replies`() throws {
        let shop = try BookshopFixture()
        let outcome = try DaemonUnderTest.run(
            ["query", "--socket", shop.daemon.socketPath, #"{"id":1,"op":"ping"}"#])
        #expect(outcome.status == 0)
        #expect(outcome.output == "{\"id\":1,\"pong\":true}\n")
    }

    @Test func `the output of introspect, used without discovery, gives the same relationships`() throws {
        let shop = try BookshopFixture()
        try expectSameWithoutDiscovery(shop.daemon, shop.server, shop.database)
    }

    private func expectSameWithoutDiscovery(
        _ daemon: DaemonUnderTest, _ server: PrivateServer, _ database: String
    ) throws {
        let printed = try DaemonUnderTest.run(["introspect", "--config", daemon.configPath])
        #expect(printed.status == 0, "\(printed.output)")
        let settings = "[catalog]\ndiscover = false\n\n" + printed.output
        let copy = try DaemonUnderTest(server, database: database, settings: settings)
        let describe = #"{"op":"describe"}"#
        #expect(try copy.ask(describe) == daemon.ask(describe))
    }

    @Test func `after a second SIGTERM each of thousands of waiting clients gets an error`() throws {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let clients = try (1...3000).map { _ in try shop.daemon.client() }
        for client in clients { try client.send(#"{"id":1,"load":"authors.books","key":1}"#) }
        try eventually("all requests wait") { try shop.daemon.stat("waiting_requests") == clients.count }
        shop.daemon.signal(SIGTERM)
        try shop.daemon.waitForLog("draining")
        shop.daemon.signal(SIGTERM)
        let codes = try clients.map { try JSONValue($0.receive() ?? "null").errorCode }
        let unanswered = codes.count { $0 != "shutting_down" }
        #expect(unanswered == 0)
        #expect(shop.daemon.waitForExit() != nil)
    }

    @Test func `lines held back behind long replies at SIGTERM are answered too`() throws {
        // A drain that is not cut short, however slow the machine is.
        let shop = try BookshopFixture(settings: "[service]\ndrain_timeout_s = 600")
        let client = try shop.daemon.client()
        let lines = (1...300).map { "{\"id\":\($0),\"op\":\"describe\"}\n" }.joined()
        try client.send(Array((lines + "{\"id\":301,\"op\":\"pi").utf8))
        try eventually("some requests are answered") { try shop.daemon.stat("requests") ?? 0 > 100 }
        shop.daemon.signal(SIGTERM)
        try shop.daemon.waitForLog("draining")
        var replies: [String] = []
        while let line = try client.receive() { replies.append(line) }
        #expect(try replies.map { try JSONValue($0)["id"]?.number } == (1...300).map { "\($0)" })
        #expect(shop.daemon.waitForExit() == 0)
    }

    /// A TCP connection that is closed while data is still to be delivered is reset by whatever comes in.
    @Test func `a client that reads late gets all of a long reply while the daemon drains without spinning`()
        throws
    {
        let shop = try BookshopFixture()
        let port = try PrivateServer.freePort()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database, listen: "tcp = \"127.0.0.1:\(port)\"")
        let late = try LineClient(.tcp(host: "127.0.0.1", port: port))
        let keys = (1...9000).map { "\(1 + $0 % 190)" }.joined(separator: ",")
        try late.send("{\"load\":\"authors.books\",\"keys\":[\(keys)]}")
        try eventually("the load is answered") {
            try daemon.stat("queries") == 1 && daemon.stat("in_flight") == 0
        }
        daemon.signal(SIGTERM)
        try daemon.waitForLog("draining")
        let start = try daemon.processorSeconds()
        for _ in 1...10 {
            try late.send(#"{"op":"ping"}"#)
            usleep(100_000)
        }
        #expect(try daemon.processorSeconds() - start < 0.5, "of one second")
        // Replies come in the order in which they are ready, so a ping's may come first.
        var replies: [JSONValue] = []
        while let line = try late.receive() { replies.append(try JSONValue(line)) }
        #expect(replies.compactMap { $0["results"]?.elements.count } == [9000])
        #expect(daemon.waitForExit() == 0)
    }

    @Test func `introspect prints odd names in a form that the configuration accepts`() throws {
        let server = try PrivateServer()
        try server.client().execute("CREATE DATABASE odd")
        try server.client(database: "odd").executeScript(
            """
            CREATE TABLE `a.b` (id INT PRIMARY KEY, `n.x` INT);
            CREATE TABLE `c``d` (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES `a.b` (id));
            CREATE TABLE `-e f` (id INT PRIMARY KEY, `.z` INT, FOREIGN KEY (`.z`) REFERENCES `c``d` (id));
            CREATE TABLE `j."k` (`l.1` INT, `r``"1` INT, PRIMARY KEY (`l.1`, `r``"1`),
              FOREIGN KEY (`l.1`) REFERENCES `a.b` (id), FOREIGN KEY (`r``"1`) REFERENCES `-e f` (id));
            INSERT INTO `a.b` VALUES (1, 2);
            INSERT INTO `c``d` VALUES (3, 1);
            """)
        let daemon = try DaemonUnderTest(server, database: "odd")
        try expectSameWithoutDiscovery(daemon, server, "odd")
        let reply = try daemon.ask(#"{"load":"`a.b`.`c``d`","key":1,"include":{"a":{}}}"#)
        #expect(reply["rows"]?.elements.first?["a"]?["n.x"] == .number("2"), "\(reply)")
    }
}
