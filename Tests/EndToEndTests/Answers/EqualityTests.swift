import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Keys are equal if the database finds them equal: under every collation, for keys that differ in their
/// bytes and are in one batch, for a row that several keys find, and in filters.
@Suite struct EqualityTests {
    private static let collations = [
        "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_nopad_ci", "utf8mb4_bin",
        "utf8mb4_nopad_bin",
        "utf8mb4_general_nopad_ci", "utf8mb4_uca1400_ai_ci", "utf8mb4_uca1400_as_cs", "utf8mb4_swedish_ci",
        "utf8mb4_turkish_ci", "utf8mb3_general_ci", "latin1_swedish_ci", "latin1_german2_ci", "latin1_bin",
        "ascii_general_ci", "utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs", "utf8mb4_0900_bin",
    ]
    .filter(SharedServer.has)

    private static let texts = [
        "Bob", "bob", "BOB", "bob ", "bob  ", " bob", "", " ", "ß", "ss", "SS", "s", "é", "e\u{301}", "e",
        "E", "É",
        "ä", "ae", "a", "ı", "i", "I", "İ", "😀", "😁", "1", "01", "1.0", "1e0", " 1", "a\0b", "ab", "ﬁ", "fi",
        "日本", "\u{a0}bob",
        "a\u{ad}b", "Å", "\u{212B}", "\\", "'", "\"", "%",
    ]

    private static let shared = Result { try makeDaemon() }

    /// Makes tables `tN` with those texts that the Nth collation's character set can hold; every row has
    /// owner 1.
    private static func makeDaemon() throws -> (daemon: DaemonUnderTest, database: String) {
        var script = "CREATE TABLE owners (id INT PRIMARY KEY); SET sql_mode = 'STRICT_ALL_TABLES';"
        var relationships = ""
        for (number, collation) in collations.enumerated() {
            let charset = collation.prefix { $0 != "_" }
            script +=
                "CREATE TABLE t\(number) (id INT PRIMARY KEY, owner INT, v VARCHAR(20) CHARACTER SET \(charset) COLLATE \(collation), KEY (v));"
            for (id, text) in texts.enumerated() where Self.fits(text, String(charset)) {
                script += "INSERT INTO t\(number) VALUES (\(id), 1, \(quoted(text)));"
            }
            relationships += relationshipTOML("owners.t\(number)", from: "owners.id", to: "t\(number).owner")
            relationships += relationshipTOML("t\(number).same", from: "t\(number).v", to: "t\(number).v")
        }
        let database = try SharedServer.freshDatabase(named: "equality")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(script)
        return (try DaemonUnderTest(server, database: database, settings: relationships), database)
    }

    /// Returns an SQL literal of the text in hexadecimal, so that no conversion on the way can change it.
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

    /// Returns the ids that `WHERE v = '…'` finds for each text alone.
    private func expected(_ number: Int) throws -> [[String]] {
        let client = try SharedServer.server.client(database: Self.shared.get().database)
        let charset = String(Self.collations[number].prefix { $0 != "_" })
        return try Self.texts.map { text in
            // The server would refuse to compare a text that the character set cannot hold; nothing equals
            // it.
            guard Self.fits(text, charset) else { return [] }
            let literal = "CONVERT(\(Self.quoted(text)) USING \(charset)) COLLATE \(Self.collations[number])"
            return try client.strings("SELECT id FROM t\(number) WHERE v = \(literal) ORDER BY id").compactMap
            { $0[0] }
        }
    }

    @Test(arguments: collations.indices)
    func `under every collation each key of a list has the rows that it would have alone`(number: Int) throws
    {
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
    func `under every collation a batch of different clients gives each key the rows that it has alone`(
        number: Int
    ) throws {
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
    func `under every collation a filter finds the rows that a key finds`(number: Int) throws {
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
    func `under every collation an include gives every row its own related rows`(number: Int) throws {
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
