import Configuration
import Fuzzing
import Relations

/// Checks that a file gives settings, or faults with their lines.
struct ReadingCheck {
    private typealias Outcome = Result<Settings, ConfigurationFaults>

    private static let file = "kindred.toml"
    private let source: String

    init(_ source: String) {
        self.source = source
    }

    func run() {
        let outcome = read(source)
        expect(read(source) == outcome, "read again it gives something else")
        switch outcome {
        case .success(let settings): checkPrinted(settings)
        case .failure(let found): check(found.faults)
        }
        checkMoved(outcome)
    }

    private func read(_ source: String) -> Outcome {
        Result { () throws(ConfigurationFaults) in
            try SettingsReader.read(source: source, file: Self.file, environment: [:])
        }
    }

    private func check(_ faults: [ConfigurationFault]) {
        expect(!faults.isEmpty, "refused without a fault")
        let lines = source.utf8.count { $0 == 0x0A } + 1
        for fault in faults {
            expect(fault.file == Self.file, "a fault of another file: \(fault)")
            // A syntax error may be after the last line's end.
            expect(fault.line.map { (1...lines + 1).contains($0) } ?? false, "no such line: \(fault)")
            expect(!fault.message.isEmpty, "a fault without a message")
            expect(
                !fault.message.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F },
                "more than one line, or a line that a terminal cannot show: \(fault.message.debugDescription)"
            )
            expect(fault.message.utf8.count < 4000, "a message of \(fault.message.utf8.count) bytes")
        }
        expect(faults.map { $0.line ?? 0 } == faults.map { $0.line ?? 0 }.sorted(), "not in the file's order")
    }

    /// Checks that with one more line before it the file has the same faults one line later. A fault without
    /// a position is in line 1.
    private func checkMoved(_ outcome: Outcome) {
        guard !source.hasPrefix("\u{FEFF}") else { return }
        switch (outcome, read("# moved\n" + source)) {
        case (.success(let settings), .success(let moved)):
            expect(moved.withoutLines == settings.withoutLines, "moved by a line, it means something else")
        case (.failure(let found), .failure(let moved)):
            expect(found.faults.count == moved.faults.count, "moved by a line, other faults: \(moved)")
            let before = found.faults.map { $0.line ?? 0 }
            let after = moved.faults.map { $0.line ?? 0 }
            expect(
                zip(before, after).allSatisfy { $1 == $0 + 1 || ($0, $1) == (1, 1) },
                "\(found) became \(moved)")
        case (.success, .failure(let moved)): expect(false, "moved by a line, it is wrong: \(moved)")
        case (.failure(let found), .success): expect(false, "moved by a line, it is right: \(found)")
        }
    }

    /// Checks that printed settings are read as the same settings.
    private func checkPrinted(_ settings: Settings) {
        let printed = SettingsText(settings).toml
        switch read(printed) {
        case .success(var again):
            again.relationships = settings.relationships
            again.batching.relationships = settings.batching.relationships
            again.batching.clientWeights = settings.batching.clientWeights
            expect(again == settings, "printed and read again it is something else: \(printed)")
        case .failure(let found): expect(false, "printed it is wrong: \(found)")
        }
    }
}

extension Settings {
    /// The settings with line 0 in every relationship.
    fileprivate var withoutLines: Settings {
        var settings = self
        settings.relationships = relationships.map {
            ExplicitRelationship(
                name: $0.name, from: $0.from, to: $0.to, kind: $0.kind, columns: $0.columns, order: $0.order,
                through: $0.through, distinct: $0.distinct, fixed: $0.fixed, line: 0)
        }.sorted { $0.name < $1.name }
        return settings
    }
}
