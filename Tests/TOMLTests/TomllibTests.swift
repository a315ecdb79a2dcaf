import Foundation
import TOML
import TestSupport
import Testing

/// Compared with Python's own reader, tomllib, in whose place a document has the same values or is refused too.
struct TomllibTests {
    @Test func `documents mean what Python reads in them`() throws {
        try compare(Samples.all + kept())
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `and broken ones are refused as there`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let good = Samples.all + (try kept().filter { $0.utf8.count < 2000 })
        try compare(
            (0..<3000).map { _ in Samples.broken(good.randomElement(using: &generator)!, &generator) })
    }

    /// What the fuzzer has kept.
    private func kept() throws -> [String] {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fuzz/Corpus/configuration")
        let files = try FileManager.default.contentsOfDirectory(
            at: directory, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        return files.sorted { $0.path < $1.path }.compactMap { try? String(contentsOf: $0, encoding: .utf8) }
    }

    private func compare(_ documents: [String]) throws {
        let answers = try askTomllib(documents)
        #expect(answers.count == documents.count)
        var accepted = 0
        for (document, theirs) in zip(documents, answers) where theirs != "beyond 64 bits" {
            let ours = (try? TOMLDocument(document)).map { canonical(.table($0.members)) } ?? "refused"
            if ours != "refused" { accepted += 1 }
            // In TOML 1.1 an inline table may go over several lines, and tomllib knows the calendar.
            if theirs == "refused", ours.contains("m") || document.contains("{") { continue }
            #expect(ours == theirs, "\(document.debugDescription)")
        }
        #expect(accepted > documents.count / 20, "hardly one is good")
    }

    private func canonical(_ value: TOMLValue) -> String {
        switch value {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): value.isNaN ? "NaN" : "f" + String(value.bitPattern, radix: 16)
        case .text(let text): "s" + hex(text)
        case .list(let elements): "[" + elements.map(canonical).joined(separator: ",") + "]"
        case .table(let members):
            "{" + members.map { hex($0.key) + ":" + canonical($0.value) }.sorted().joined(separator: ",")
                + "}"
        case .dateTime: "m"
        }
    }

    private func hex(_ text: String) -> String {
        text.utf8.map { String(($0 >> 4), radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func askTomllib(_ documents: [String]) throws -> [String] {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try JSONEncoder().encode(documents).write(to: URL(fileURLWithPath: directory + "/documents"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, directory + "/documents"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answers = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: answers, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static let program = """
        import json, math, struct, sys, tomllib
        class Beyond(Exception): pass
        def canonical(v):
            if isinstance(v, bool): return str(v).lower()
            if isinstance(v, int):
                if not -2**63 <= v < 2**63: raise Beyond
                return str(v)
            if isinstance(v, float): return 'NaN' if math.isnan(v) else 'f%x' % struct.unpack('>Q', struct.pack('>d', v))
            if isinstance(v, str): return 's' + v.encode().hex()
            if isinstance(v, list): return '[' + ','.join(map(canonical, v)) + ']'
            if isinstance(v, dict):
                return '{' + ','.join(sorted(k.encode().hex() + ':' + canonical(x) for k, x in v.items())) + '}'
            return 'm'
        for document in json.load(open(sys.argv[1])):
            try: print(canonical(tomllib.loads(document.removeprefix('\\ufeff'))))
            except Beyond: print('beyond 64 bits')
            except (ValueError, RecursionError): print('refused')
        """
}
