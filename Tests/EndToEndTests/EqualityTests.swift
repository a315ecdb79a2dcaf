import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What is equal is what the database finds equal: under every collation, for keys that differ in their bytes and
/// come together in one batch, for the same row that several of them find, and in filters.
@Suite struct EqualityTests {
    private static let collations = [
        "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_nopad_ci", "utf8mb4_bin",
        "utf8mb4_nopad_bin",
        "utf8mb4_general_nopad_ci", "utf8mb4_uca1400_ai_ci", "utf8mb4_uca1400_as_cs", "utf8mb4_swedish_ci",
        "utf8mb4_turkish_ci", "utf8mb3_general_ci", "latin1_swedish_ci", "latin1_german2_ci", "latin1_bin",
        "ascii_general_ci",
    ]

    private static let texts = [
        "Bob", "bob", "BOB", "bob ", "bob  ", " bob", "", " ", "ß", "ss", "SS", "s", "é", "e\u{301}", "e",
        "E", "É",
        "ä", "ae", "a", "ı", "i", "I", "İ", "😀", "😁", "1", "01", "1.0", "1e0", " 1", "a\0b", "ab", "ﬁ", "fi",
        "日本", "\u{a0}bob",
        "a\u{ad}b", "Å", "\u{212B}", "\\", "'", "\"", "%",
    ]

    private static let shared = Result { try makeWorld() }

    /// Table `tN` has the texts under the Nth collation, as far as its character set has them; every row has owner 1.
    private static func makeWorld() throws -> (daemon: DaemonUnderTest, database: String) {
        var script = "CREATE TABLE owners (id INT PRIMARY KEY); SET sql_mode = 'STRICT_ALL_TABLES';"
        var roads = ""
        for (number, collation) in collations.enumerated() {
            let charset = collation.prefix { $0 != "_" }
            script +=
                "CREATE TABLE t\(number) (id INT PRIMARY KEY, owner INT, v VARCHAR(20) CHARACTER SET \(charset) COLLATE \(collation), KEY (v));"
            for (id, text) in texts.enumerated() where Self.fits(text, String(charset)) {
                script += "INSERT INTO t\(number) VALUES (\(id), 1, \(quoted(text)));"
            }
            roads += ScenarioSchema.road("owners.t\(number)", from: "owners.id", to: "t\(number).owner")
            roads += ScenarioSchema.road("t\(number).same", from: "t\(number).v", to: "t\(number).v")
        }
        let database = try SharedServer.freshDatabase(named: "equality")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(script)
        return (try DaemonUnderTest(server, database: database, settings: roads), database)
    }

    /// In hexadecimal, so that nothing between here and the server can change it.
    private static func quoted(_ text: String) -> String {
        "CONVERT(x'\(text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())' USING utf8mb4)"
    }

    private static func fits(_ text: String, _ charset: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch charset {
            case "ascii": scalar.value < 0x80
            case "latin1": scalar.value < 0x100
            case "utf8mb3": scalar.value < 0x10000
            default: true
            }
        }
    }

    /// What `WHERE v = '…'` finds, for each of the texts alone.
    private func expected(_ number: Int) throws -> [[String]] {
        let client = try SharedServer.server.client(database: Self.shared.get().database)
        let charset = String(Self.collations[number].prefix { $0 != "_" })
        return try Self.texts.map { text in
            // The server would refuse to compare what the character set does not have; nothing equals it.
            guard Self.fits(text, charset) else { return [] }
            let literal = "CONVERT(\(Self.quoted(text)) USING \(charset)) COLLATE \(Self.collations[number])"
            return try client.strings("SELECT id FROM t\(number) WHERE v = \(literal) ORDER BY id").compactMap
            { $0[0] }
        }
    }

    @Test(arguments: collations.indices)
    func `keys that come together each have the rows that they alone would have`(number: Int) throws {
        let (daemon, _) = try Self.shared.get()
        let expected = try expected(number)
        let keys = Self.texts.map(JSONValue.quoted)
        let reply = try daemon.ask(
            "{\"load\":\"t\(number).same\",\"keys\":[\(keys.joined(separator: ","))],\"columns\":[\"id\"]}")
        let found = reply["results"]?.elements.map { $0.elements.compactMap { $0["id"]?.number } } ?? []
        #expect(found.count == expected.count)
        for (text, (rows, wanted)) in zip(Self.texts, zip(found, expected)) {
            #expect(rows == wanted, "\(Self.collations[number]) \(JSONValue.quoted(text))")
        }
    }

    @Test(arguments: collations.indices)
    func `each key of its own client, in one batch and alone`(number: Int) throws {
        let (daemon, _) = try Self.shared.get()
        let expected = try expected(number)
        let clients = try Self.texts.map { _ in try daemon.client() }
        for (client, text) in zip(clients, Self.texts) {
            try client.send(
                "{\"load\":\"t\(number).same\",\"key\":\(JSONValue.quoted(text)),\"columns\":[\"id\"]}")
        }
        for (client, (text, wanted)) in zip(clients, zip(Self.texts, expected)) {
            let rows = try JSONValue(client.receive() ?? "null").rowIDs
            #expect(rows == wanted, "\(Self.collations[number]) \(JSONValue.quoted(text))")
        }
    }

    @Test(arguments: collations.indices)
    func `a filter finds what a key finds`(number: Int) throws {
        let (daemon, _) = try Self.shared.get()
        let expected = try expected(number)
        for (text, wanted) in zip(Self.texts, expected) {
            for filter in [JSONValue.quoted(text), "[\(JSONValue.quoted(text)),null]"] {
                let reply = try daemon.ask(
                    "{\"load\":\"owners.t\(number)\",\"key\":1,\"columns\":[\"id\"],\"where\":{\"v\":\(filter)}}"
                )
                #expect(reply.rowIDs == wanted, "\(Self.collations[number]) \(filter)")
            }
        }
    }

    @Test(arguments: collations.indices)
    func `an include gives every row its own, and loses none`(number: Int) throws {
        let (daemon, _) = try Self.shared.get()
        let expected = try expected(number)
        let reply = try daemon.ask(
            "{\"load\":\"owners.t\(number)\",\"key\":1,\"columns\":[\"id\"],\"include\":{\"same\":{\"columns\":[\"id\"]}}}"
        )
        for row in reply["rows"]?.elements ?? [] {
            let id = try #require(row["id"]?.number.flatMap { Int($0) })
            let found = row["same"]?.elements.compactMap { $0["id"]?.number }
            #expect(
                found == expected[id] && found?.contains("\(id)") == true,
                "\(Self.collations[number]) row \(id)")
        }
    }
}
