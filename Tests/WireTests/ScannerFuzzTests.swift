import Foundation
import Relations
import TestSupport
import Testing
import Wire

/// Compares the scanner with Foundation's, as far as that is as strict.
struct ScannerFuzzTests {
    private static let seeds = [
        #"{"id":1,"load":"authors.books","key":42}"#,
        #"{"id":"x\n","load":"a.b","keys":[1,-2.5e3,null,"é\u00e9",[1,true]]}"#,
        #"{"op":"describe","load":"\ud83d\ude00","a":{"b":[{},[],0,-0,1E+2,false]}}"#,
        #"{ "key" : [ "" , "\\\"\/\b\f\n\r\t" , {"k":[[[]]]} ] , "timeout_ms" : 12 }"#,
    ]

    private func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        var line = Array((Self.seeds.randomElement(using: &random) ?? "").utf8)
        let alphabet = Array("{}[]:,\"\\/ubnte+-.0159 \t\u{1}aé\u{FEFF}".utf8) + [0x80, 0xFF]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let at = Int.random(in: 0..<line.count, using: &random)
            let byte = alphabet.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<4, using: &random) {
            case 0: line[at] = byte
            case 1: line.insert(byte, at: at)
            case 2 where line.count > 1: line.remove(at: at)
            default: line.insert(contentsOf: line[at..<min(line.count, at + 5)], at: at)
            }
        }
        return line
    }

    /// Whether the error is about something that only our scanner refuses: Foundation keeps the last of
    /// repeated members, accepts a byte order mark and a comma before `}`, and may read lone surrogates.
    private func isStricter(_ message: String) -> Bool {
        [
            "a repeated member", "a byte order mark", "a lone surrogate", "a member's name was expected",
        ].contains { message.contains($0) }
    }

    @Test(arguments: UInt64(0)..<200)
    func `the scanner accepts what Foundation accepts`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let line = mutated(&random)
            let ours = decode(line).failure?.failure
            let theirs = (try? JSONSerialization.jsonObject(with: Data(line))) is [String: Any]
            if ours?.code == .badJSON, isStricter(ours?.message ?? "") { continue }
            let text = String(decoding: line, as: UTF8.self)
            #expect((ours?.code != .badJSON) == theirs, "seed \(seed): \(text) \(ours?.message ?? "")")
        }
    }

    private func value(_ random: inout SeededGenerator) -> (json: String, literal: Literal) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let value =
                Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0..<64, using: &random)
            return ("\(value)", .integer(value))
        case 1:
            let text = "\(Double.random(in: -1e9...1e9, using: &random))"
            return (text, .number(Array(text.utf8)))
        default:
            let scalars = (0..<Int.random(in: 0...30, using: &random)).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(in: 0...0x10FFFF, using: &random)
                        >> UInt32.random(in: 0...16, using: &random))
            }
            let text = String(String.UnicodeScalarView(scalars))
            return (written(text, &random), .string(Array(text.utf8)))
        }
    }

    /// The text as a JSON string in which each scalar is plain or escaped.
    private func written(_ text: String, _ random: inout SeededGenerator) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || Bool.random(using: &random) {
                for unit in String(scalar).utf16 { json += "\\u" + String(format: "%04x", Int(unit)) }
            } else {
                json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }

    @Test(arguments: UInt64(0)..<200)
    func `the scanner reads the values that were written`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let values = (0..<20).map { _ in value(&random) }
        let line = "{\"load\":\"a.b\",\"key\":[\(values.map(\.json).joined(separator: " ,"))]}"
        #expect(decode(line).key == .list(values.map(\.literal)), "seed \(seed)")
    }
}
