import ArgumentParser
import Configuration
import Relations
import Service

struct Introspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the relationships that foreign keys give, as TOML ready to paste.",
        discussion: """
            Reads the database that the file names. What it prints, in a file with catalog.discover = false, gives \
            the same relationships; change what should be different.
            """)

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        let schema = try file.schema(try file.read())
        for relationship in Catalog(relationships: Discovery.relationships(of: schema)).relationships {
            print(RelationshipText(relationship).toml)
        }
    }
}
