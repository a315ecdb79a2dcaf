import Foundation
import Relations

/// A line as Foundation's independent JSON reader sees it: an object, or nil.
struct Document {
    private let members: [String: Any]
    /// Whether the line keeps the rules that the protocol has and Foundation does not.
    let isStrict: Bool

    init?(_ line: [UInt8]) {
        guard let members = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any] else {
            return nil
        }
        self.members = members
        // Foundation takes text with zero bytes for UTF-16 or UTF-32.
        isStrict = !line.contains(0) && !line.starts(with: [0xEF, 0xBB, 0xBF]) && Outline(line).isStrict
    }

    func value(_ name: String) -> Any? { members[name] }

    func text(_ name: String) -> [UInt8]? {
        (members[name] as? String).map { Array($0.utf8) }
    }

    func has(_ key: KeyInput, at name: String) -> Bool {
        members[name].map { Self.isSame(key, $0) } ?? false
    }

    func has(_ keys: [KeyInput], at name: String) -> Bool {
        guard let list = members[name] as? [Any], list.count == keys.count else { return false }
        return zip(keys, list).allSatisfy { Self.isSame($0, $1) }
    }

    private static func isSame(_ key: KeyInput, _ value: Any) -> Bool {
        switch key {
        case .scalar(let literal): return isSame(literal, value)
        case .list(let literals):
            guard let list = value as? [Any], list.count == literals.count else { return false }
            return zip(literals, list).allSatisfy { isSame($0, $1) }
        case .unusable:
            let list = value as? [Any] ?? []
            return value is [String: Any] || list.contains { $0 is [Any] || $0 is [String: Any] }
        }
    }

    private static func isSame(_ literal: Literal, _ value: Any) -> Bool {
        switch literal {
        case .null: value is NSNull
        case .bool(let bool): value as? Bool == bool
        case .integer(let integer): (value as? NSNumber)?.int64Value == integer
        case .number(let digits): isClose((value as? NSNumber)?.doubleValue, digits)
        case .string(let text): (value as? String).map { Array($0.utf8) } == text
        }
    }

    /// Foundation may go through a decimal number of 38 digits.
    private static func isClose(_ value: Double?, _ digits: [UInt8]) -> Bool {
        guard let value, let own = Double(String(decoding: digits, as: UTF8.self)) else { return false }
        return abs(value - own) <= abs(own) * 1e-12
    }
}
