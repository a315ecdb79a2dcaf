import Configuration
import TestSupport
import Testing

/// What the repository shows of the settings is made from their records. `make docs` runs this suite to write it.
@Suite struct GeneratedDocumentTests {
    @Test func `the example in the repository is the one that the records make`() throws {
        let isEqual = try GeneratedSection("config/kindred.toml").holds(ExampleFile.render())
        #expect(isEqual, "config/kindred.toml is not what the setting records make: run 'make docs'")
    }

    @Test func `the tables of settings in the reference are those that the records make`() throws {
        let section = GeneratedSection("settings", of: "docs/CONFIGURATION.md")
        let isEqual = try section.holds(SettingsReference.render())
        #expect(isEqual, "docs/CONFIGURATION.md is not what the setting records make: run 'make docs'")
    }

    @Test func `a text that does not stand in the file is found`() throws {
        #expect(try !GeneratedSection("config/kindred.toml").text.isEmpty)
        #expect(try GeneratedSection("settings", of: "docs/CONFIGURATION.md").text.contains("`window_ms`"))
        for record in SettingRecord.all {
            #expect(SettingsReference.render().contains("| `\(record.name)` |"), "\(record.path)")
        }
        #expect(throws: TestFailure.self) {
            try GeneratedSection("nothing", of: "docs/CONFIGURATION.md").text
        }
    }
}

/// The examples of configuration in the documents.
@Suite struct DocumentedConfigurationTests {
    /// What the reader needs besides, where an example does not say it: a file has each table once.
    private func completed(_ example: String) -> String {
        let hasServer =
            example.contains("servers =") || example.contains("socket =") || example.contains("host =")
        let database = "[database]\nname = \"shop\"\n" + (hasServer ? "" : "socket = \"/run/m.sock\"\n")
        let listen = example.contains("[listen]") ? "" : "[listen]\nunix = \"/run/k.sock\"\n"
        return example.contains("[database]\n")
            ? listen + example.replacing("[database]\n", with: database) : listen + database + example
    }

    @Test(arguments: try Document.all)
    func `the examples of a document have no faults`(document: Document) {
        for block in document.blocks where block.language == "toml" {
            #expect(faults(completed(block.text)) == [], "\(document.name):\(block.lineNumber)")
        }
    }

    @Test func `an example with a fault is found`() throws {
        #expect(try Document("docs/CONFIGURATION.md").blocks.contains { $0.language == "toml" })
        #expect(faults(completed("[batching]\nwindw_ms = 1\n")).count == 1)
        #expect(faults(completed("[database]\nservers = [\"db1\"]\n")) == [])
    }
}
