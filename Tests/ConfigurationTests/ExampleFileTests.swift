import Configuration
import Foundation
import Relations
import Testing

struct ExampleFileTests {
    /// The example names a file that is to be there already, and is not on this machine.
    private static let withoutSecret = ExampleFile.render().replacing(
        "\npassword_file = ", with: "\n#password_file = ")

    @Test func `the example has no faults and holds the defaults`() throws {
        var settings = try read(Self.withoutSecret)
        #expect(
            settings.listen.unix != nil && settings.database.socket != nil && settings.database.name != "")
        let defaults = Settings()
        settings.listen.unix = defaults.listen.unix
        settings.database.socket = defaults.database.socket
        settings.database.name = defaults.database.name
        #expect(settings == defaults)
    }

    @Test(arguments: SettingRecord.all.map(\.path))
    func `each setting of the example can be uncommented`(path: String) throws {
        let record = try #require(SettingRecord.all.first { $0.path == path })
        // These stand instead of database.socket, go with those, or name a file that must be there.
        let alternatives = [
            "database.host", "database.port", "database.servers", "database.password_file",
        ]
        if alternatives.contains(path) || Self.overTCP.contains(record.name) { return }
        let example = Self.withoutSecret
        let header = try #require(example.range(of: "\n[\(record.group)]\n"))
        let line = try #require(
            example.range(of: "\n#\(record.name) = ", range: header.upperBound..<example.endIndex)
                ?? example.range(of: "\n\(record.name) = ", range: header.upperBound..<example.endIndex))
        let uncommented = example.replacingCharacters(in: line, with: "\n\(record.name) = ")
        #expect(faults(uncommented) == [])
    }

    private static let overTCP = ["tls", "tls_ca", "tls_cert", "tls_key", "server_public_key"]

    @Test func `what goes with a host in the example can be uncommented`() throws {
        let withHost = Self.withoutSecret.replacing("\nsocket = ", with: "\n#socket = ")
            .replacing("\n#host = ", with: "\nhost = ")
        var withTLS = withHost
        for name in Self.overTCP.dropLast() { withTLS.replace("\n#\(name) = ", with: "\n\(name) = ") }
        let database = try read(withTLS).database
        #expect(database.tls == .verifyIdentity && database.tlsKey != nil)
        let withKey = withHost.replacing("\n#server_public_key", with: "\ntls = \"off\"\nserver_public_key")
        #expect(try read(withKey).database.serverPublicKey != nil)
    }

    @Test func `the relationships of the example can be uncommented`() throws {
        let parts = Self.withoutSecret.split(separator: "#[relationships", maxSplits: 1)
        let uncommented = parts[0] + "[relationships" + parts[1].replacing("\n#", with: "\n")
        let settings = try read(String(uncommented))
        #expect(
            settings.relationships.map(\.name) == [
                "authors.bestsellers", "books.tags", "authors.readers", "books.comments",
            ])
    }

    @Test func `every record has a group, a sentence and a name of its own`() {
        let paths = SettingRecord.all.map(\.path)
        #expect(Set(paths).count == paths.count)
        for record in SettingRecord.all {
            #expect(SettingRecord.groups.contains(record.group))
            #expect(record.sentence.hasSuffix("."))
            #expect(record.example != nil || record.defaultLiteral != nil, "\(record.path)")
            #expect(ExampleFile.listing().contains("\n    \(record.sentence)\n"))
        }
    }
}
