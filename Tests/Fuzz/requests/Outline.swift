import Foundation

/// Scans text that Foundation or JSONScanner has accepted for what only one of them refuses: a comma before
/// the end, a repeated member, nesting deeper than 64.
struct Outline {
    private struct Level {
        let isObject: Bool
        var names: Set<[UInt8]> = []
    }

    private let text: [UInt8]
    private var place = 0
    private var levels: [Level] = []
    private var isAfterComma = false
    private(set) var isStrict = true
    /// Whether there is a number that does not fit a `Double`, which Foundation refuses.
    private(set) var hasHugeNumber = false

    init(_ text: [UInt8]) {
        self.text = text
        while place < text.count { step() }
    }

    private mutating func step() {
        let byte = text[place]
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            levels.append(Level(isObject: byte == UInt8(ascii: "{")))
            if levels.count > 64 { isStrict = false }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if isAfterComma { isStrict = false }
            _ = levels.popLast()
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        case 0x20, 0x09, 0x0A, 0x0D:
            place += 1
            return
        default: break
        }
        isAfterComma = byte == UInt8(ascii: ",")
        place += 1
    }

    private mutating func string() {
        let start = place
        isAfterComma = false
        place += 1
        while place < text.count, text[place] != UInt8(ascii: "\"") {
            place += text[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        place = min(place + 1, text.count)
        guard let level = levels.indices.last, levels[level].isObject, isName else { return }
        if !levels[level].names.insert(decoded(text[start..<place])).inserted { isStrict = false }
    }

    private mutating func number() {
        let token = text[place...].prefix { "+-.eE0123456789".utf8.contains($0) }
        isAfterComma = false
        place += token.count
        if Double(String(decoding: token, as: UTF8.self))?.isInfinite == true { hasHugeNumber = true }
    }

    /// Whether a string that has just ended is a member's name: a colon follows.
    private var isName: Bool {
        text[place...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: ":")
    }

    private func decoded(_ token: ArraySlice<UInt8>) -> [UInt8] {
        let value = try? JSONSerialization.jsonObject(with: Data(token), options: .fragmentsAllowed)
        return (value as? String).map { Array($0.utf8) } ?? Array(token)
    }
}
