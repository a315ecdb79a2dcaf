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
        #expect(throws: NeverHappened.self) { try GeneratedSection("nothing", of: "docs/CONFIGURATION.md").text }
    }
}
