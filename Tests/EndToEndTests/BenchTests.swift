import Foundation
import PrivateServer
import TestSupport
import Testing

/// What somebody sees who measures with their own schema.
@Suite struct BenchTests {
    private static let shared = Result { try BookshopFixture() }

    /// The briefest run that measures something.
    private func bench(_ arguments: String...) throws -> (status: Int32?, output: String) {
        let config = try Self.shared.get().daemon.configPath
        let brief = ["--clients", "3", "--rounds", "2", "--seconds", "0.3", "--warm-up", "0"]
        return try DaemonUnderTest.run(["bench", "--config", config] + brief + arguments)
    }

    private func withDirectory<Value>(_ body: (String) throws -> Value) throws -> Value {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try body(directory)
    }

    @Test func `all contenders answer loads of one's own, and a table, JSON and a page say how`() throws {
        try withDirectory { directory in
            let outcome = try bench(
                "--load", #"{"load":"authors.books","limit":2,"columns":["id"]}"#,
                "--json", directory + "/r.json", "--html", directory + "/r.html")
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains("authors.books, 3 clients, closed loop"))
            let json = try JSONValue(String(contentsOfFile: directory + "/r.json", encoding: .utf8))
            let trials = try #require(json["sections"]?.elements.first?["trials"]?.elements)
            #expect(trials.count == 6)
            for trial in trials {
                #expect(trial["errors"] == .number("0"), "\(outcome.output)")
                #expect(trial["rounds"]?.elements.count == 2)
                #expect(!(trial["latency"]?.elements.isEmpty ?? true))
            }
            #expect(!(trials[0]["batch_sizes"]?.elements.isEmpty ?? true))
            let page = try String(contentsOfFile: directory + "/r.html", encoding: .utf8)
            #expect(page.contains("</html>") && !page.contains("http:") && !page.contains("https:"))
            #expect(!page.contains("nan") && !page.contains("inf"))
        }
    }

    /// A service manager's process is at the other end of a socket that it has made, and over TCP nobody is.
    @Test(arguments: ["a socket that was passed", "TCP"])
    func `the CPU time of the daemon is its own, however one comes to it`(way: String) throws {
        let shop = try Self.shared.get()
        try withDirectory { directory in
            let passed = try UnixSocket.listen(directory + "/passed")
            defer { close(passed) }
            let port = try PrivateServer.freePort()
            let daemon =
                try way == "TCP"
                ? DaemonUnderTest(shop.server, database: shop.database, listen: "tcp = \"127.0.0.1:\(port)\"")
                : DaemonUnderTest(
                    shop.server, database: shop.database, activation: (passed, directory + "/passed"))
            let address = way == "TCP" ? "tcp = \"127.0.0.1:\(port)\"" : "unix = \"\(directory)/passed\""
            let config = try String(contentsOfFile: daemon.configPath, encoding: .utf8)
            let rest = config.split(separator: "[database]")[1]
            try "[listen]\n\(address)\n[database]\(rest)"
                .write(toFile: directory + "/k.toml", atomically: true, encoding: .utf8)
            let before = try daemon.processorSeconds()
            let outcome = try DaemonUnderTest.run([
                "bench", "--config", directory + "/k.toml", "--load", "authors.books", "--against", "kindred",
                "--clients", "3", "--rounds", "2", "--seconds", "0.5", "--warm-up", "0", "--json",
                directory + "/r.json",
            ])
            let spent = try daemon.processorSeconds() - before
            #expect(outcome.status == 0, "\(outcome.output)")
            let json = try JSONValue(String(contentsOfFile: directory + "/r.json", encoding: .utf8))
            let trials = try #require(json["sections"]?.elements.first?["trials"]?.elements)
            let told = trials.reduce(0.0) { sum, trial in
                let perLoad = number(trial["cpu_microseconds_per_load"]?["daemon"]) ?? 0
                let rounds = trial["rounds"]?.elements ?? []
                return sum + perLoad * rounds.reduce(0) { $0 + (number($1["loads_per_second"]) ?? 0) * 0.5 }
            }
            #expect((0.4...1.2).contains(told / 1_000_000 / spent), "\(told) µs of \(spent) s")
        }
    }

    private func number(_ value: JSONValue?) -> Double? { value?.number.flatMap(Double.init) }

    @Test func `a CPU time that cannot be known is nowhere shown, and what it belongs to is marked`() throws {
        let shop = try Self.shared.get()
        let (toDatabase, toDaemon) = (
            try Relay(to: shop.server.socketPath), try Relay(to: shop.daemon.socketPath, hiding: "cpu_us")
        )
        try withDirectory { directory in
            try """
            [listen]
            unix = "\(toDaemon.path)"
            [database]
            socket = "\(toDatabase.path)"
            user = "root"
            name = "\(shop.database)"
            """.write(toFile: directory + "/k.toml", atomically: true, encoding: .utf8)
            let outcome = try DaemonUnderTest.run([
                "bench", "--config", directory + "/k.toml", "--load", "authors.books", "--against", "kindred",
                "text", "--clients", "3", "--rounds", "1", "--seconds", "0.3", "--json",
                directory + "/r.json",
                "--html", directory + "/r.html",
            ])
            #expect(outcome.status == 0, "\(outcome.output)")
            let json = try JSONValue(String(contentsOfFile: directory + "/r.json", encoding: .utf8))
            for trial in json["sections"]?.elements.first?["trials"]?.elements ?? [] {
                let cost = try #require(trial["cpu_microseconds_per_load"])
                #expect(cost["daemon"] == nil && cost["database"] == nil && cost["all"] == nil)
                let isDirect = trial["name"] == .string("direct, text")
                let missing = cost["unknown"]?.elements.compactMap(\.text)
                #expect(missing == (isDirect ? ["database"] : ["daemon", "database"]), "\(trial)")
            }
            let page = try String(contentsOfFile: directory + "/r.html", encoding: .utf8)
                .replacing("&#39;", with: "'")
            #expect(!page.contains("<title>daemon 0") && !page.contains("<title>database 0"))
            #expect(page.contains("without daemon, database"))
            for place in [outcome.output, page] {
                #expect(place.contains("the daemon's CPU time is not known"), "\(place)")
                #expect(place.contains("the database's CPU time is not known"))
                #expect(place.contains("'all CPU' is left out"))
            }
        }
    }

    @Test func `an open loop asks as often as it was told to`() throws {
        try withDirectory { directory in
            let outcome = try bench(
                "--load", "books.author", "--rate", "500", "--against", "kindred", "text", "--json",
                directory + "/r.json")
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("books.author, 3 clients, open loop, 500 loads/s"))
            let json = try JSONValue(String(contentsOfFile: directory + "/r.json", encoding: .utf8))
            for trial in json["sections"]?.elements.first?["trials"]?.elements ?? [] {
                let perSecond = trial["loads_per_second"]?.number.flatMap(Double.init) ?? 0
                #expect((100...1500).contains(perSecond), "a Poisson process of 500/s, for 0.6 s")
            }
        }
    }

    @Test func `a mix has loads by weight, with any options`() throws {
        // Nobody else asks this one.
        let shop = try BookshopFixture()
        try withDirectory { directory in
            let mix = """
                # what a page of the shop asks for
                3 books.author
                1 {"load":"authors.books","count":true}

                1 {"load":"books.reviews","where":{"id":{"gt":1}},"order":["-id"]}
                """
            try mix.write(toFile: directory + "/mix", atomically: true, encoding: .utf8)
            let outcome = try DaemonUnderTest.run([
                "bench", "--config", shop.daemon.configPath, "--mix", directory + "/mix", "--distribution",
                "zipf", "--keys-per-request", "4", "--clients", "3", "--rounds", "2", "--seconds", "0.3",
            ])
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains("a mix of 3 loads") && !outcome.output.contains("first error"))
            let stats = try shop.daemon.ask(#"{"op":"stats"}"#)["stats"]?["by_relationship"]
            let asked = ["books.author", "authors.books", "books.reviews"].map {
                stats?[$0]?["keys_asked"]?.number.flatMap(Double.init) ?? 0
            }
            #expect(
                (2...4).contains(asked[0] / asked[1]) && (0.5...2).contains(asked[1] / asked[2]), "\(asked)")
        }
    }

    @Test(arguments: [
        (["--load", "authors.bookz"], "no relationship 'authors.bookz'; did you mean 'authors.books'?"),
        (["--load", #"{"load":"authors.books","limt":3}"#], "unknown member 'limt'; did you mean 'limit'?"),
        (["--load", #"{"op":"ping"}"#], "{\"op\":\"ping\"}: "),
        (
            ["--load", #"{"load":"authors.books","include":{"author":{}}}"#],
            "only kindred answers a load with 'include': say --against kindred"
        ),
        (["--mix", "/dev/null"], "/dev/null: there is no load in it"),
        (["--mix", "/nowhere"], "/nowhere cannot be read"),
        (["--load", "authors.books", "--html", "/nowhere/r.html"], "/nowhere/r.html cannot be written"),
        (["--load", "authors.books", "--keys-file", "/dev/null"], "there are no keys"),
        (["--load", "authors.books", "--clients", "0"], "--clients is from 1 to 10000"),
        ([], "say what to ask for, with --load or --mix"),
        (["--load", "authors.books", "--rate", "9", "--pipeline", "2"], "--pipeline is for a closed loop"),
    ])
    func `what cannot be measured is told in one line`(arguments: [String], message: String) throws {
        let config = try Self.shared.get().daemon.configPath
        let outcome = try DaemonUnderTest.run(["bench", "--config", config] + arguments)
        #expect(outcome.status != 0)
        #expect(outcome.output.contains(message), "\(outcome.output)")
    }

    @Test(arguments: ["kindred", "text", "prepared"])
    func `a daemon or database that dies in the middle ends the run, with a word about it`(rival: String)
        throws
    {
        let shop = try BookshopFixture(PrivateServer())
        Thread {
            // The bench asks for its own.
            try? eventually("the bench is under way") { try shop.queriesOfTheServer() > 2_000 }
            if rival == "kindred" { shop.daemon.signal(SIGKILL) } else { shop.server.kill() }
        }.start()
        let outcome = try DaemonUnderTest.run([
            "bench", "--config", shop.daemon.configPath, "--load", "authors.books", "--against", rival,
            "--seconds", "30",
        ])
        #expect(outcome.status == 69, "\(outcome.output)")
        let word = rival == "kindred" ? "the daemon has hung up" : "(HY000): "
        #expect(outcome.output.contains(word), "\(outcome.output)")
    }

    @Test func `a daemon that does not run is told`() throws {
        try withDirectory { directory in
            let config = try String(
                contentsOfFile: try Self.shared.get().daemon.configPath, encoding: .utf8)
            try config.replacing("unix = \"", with: "unix = \"/nowhere")
                .write(toFile: directory + "/k.toml", atomically: true, encoding: .utf8)
            let outcome = try DaemonUnderTest.run(
                ["bench", "--config", directory + "/k.toml", "--load", "authors.books"])
            #expect(outcome.status == 69)
            #expect(outcome.output.contains("cannot connect to"), "\(outcome.output)")
        }
    }
}
