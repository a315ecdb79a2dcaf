import Configuration
import Testing

/// Files that would make a careless reader crash, hang, or break the log.
struct HostileFileTests {
    @Test(arguments: [
        "[[=", "[=x]", "[", "[[", "[ [", "[a.]", "[.a]", "[[\n]]", "[#]", "[[{]]", "\n[\u{1}]", "\u{FEFF}[ }",
    ])
    func `a table without a name is a fault`(source: String) {
        let faults = faults(source)
        #expect(faults.count == 1 && faults[0].contains("not TOML"), "\(faults)")
    }

    @Test(arguments: [
        "a = 2026-11-22T:", "a = [1, 2026-11-22tx:0]", "a = { b = 2026-11-22T : }", "a = 2026-11-22 2 }",
        "a = 1969-02-5h 9\u{B}", "a = [1234-67-90 1]", "a = 1979-05-27topT07:32:00Z 07:32:00",
    ])
    func `a date without the time that it announces is a fault`(source: String) {
        let faults = faults("\n" + source)
        #expect(faults.count == 1 && faults[0].hasPrefix("2: not TOML: "), "\(faults)")
    }

    @Test(arguments: ["a = [}", "a = [1, }", "a = [[2], # }\n }", "a = { b = [ } }"])
    func `a brace in the place of a value is a fault`(source: String) {
        let faults = faults(source)
        #expect(faults.count == 1 && faults[0].contains("'}' where a value should stand"), "\(faults)")
    }

    @Test(arguments: ["2026-11-22", "2026-11-22 # 2", "2026-11-22T10:39:00.5Z", "2026-11-22 10:39:00"])
    func `a valid date is TOML, but no value of a setting`(date: String) {
        #expect(
            faults(minimalFile + "port = \(date)").contains { $0.hasPrefix("6: database.port is a date") })
    }

    @Test func `a table without a name is reported with its line`() {
        #expect(faults(minimalFile + "\n[[=]]\n") == ["7: not TOML: '=' where a key should stand"])
    }

    @Test(arguments: [
        "a = t\u{1A}", "a = tr\nb = 1", "[\"x\\ny\"]", "[listen]\n\"un\\u001b[31mix\" = 1",
        "[listen]\nunix = \"\"\nmode = \"\\u0007\"", "[relationships.\"\\t\"]",
    ])
    func `a fault is one line, whatever the file holds`(source: String) {
        let faults = faults(source)
        #expect(!faults.isEmpty)
        #expect(!faults.contains { $0.unicodeScalars.contains { $0.value < 0x20 } }, "\(faults)")
    }

    /// Reading one of them would wait, or never end.
    @Test(arguments: ["/dev/zero", "/dev/null", "/"])
    func `only regular files are read`(path: String) {
        #expect(throws: ConfigurationFaults.self) { try SettingsReader.read(path: path, environment: [:]) }
        do {
            _ = try SettingsReader.read(path: path, environment: [:])
        } catch {
            #expect(error.description == "\(path): cannot read the configuration: it is no regular file")
        }
    }
}
