import TOMLKit

/// A value of a configuration file, free of the library that read it.
enum FileValue: Hashable, Sendable {
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([FileValue])
    case table([String: FileValue])
    /// A TOML date or time, which no setting takes.
    case moment

    /// A document, or its first syntax error; duplicate keys are one.
    static func document(
        _ source: String, _ lines: LineIndex, file: String
    ) throws(ConfigurationFaults) -> [String: FileValue] {
        // The library reads up to the first NUL and would take the rest for absent.
        if let zero = source.utf8.firstIndex(of: 0) {
            let line = source.utf8[..<zero].count { $0 == UInt8(ascii: "\n") } + 1
            throw ConfigurationFaults(faults: [
                ConfigurationFault(file: file, line: line, message: "a NUL byte; remove it")
            ])
        }
        if let trap = lines.trap {
            throw ConfigurationFaults(faults: [
                ConfigurationFault(file: file, line: trap.line, message: "not TOML: \(trap.message)")
            ])
        }
        do {
            return members(of: try TOMLTable(string: source))
        } catch {
            let syntax = error as? TOMLParseError
            throw ConfigurationFaults(faults: [
                ConfigurationFault(
                    file: file, line: syntax?.source.begin.line,
                    message: "not TOML: \(syntax?.description ?? "\(error)")")
            ])
        }
    }

    private static func members(of table: TOMLTable) -> [String: FileValue] {
        Dictionary(table.keys.map { ($0, FileValue(table[$0])) }, uniquingKeysWith: { first, _ in first })
    }

    private init(_ value: (any TOMLValueConvertible)?) {
        self =
            if let bool = value?.bool { .boolean(bool) } else if let int = value?.int {
                .integer(int)
            } else if let double = value?.double {
                .number(double)
            } else if let string = value?.string {
                .text(string)
            } else if let array = value?.array {
                .list(array.map { FileValue($0) })
            } else if let table = value?.table {
                .table(Self.members(of: table))
            } else {
                .moment
            }
    }

    /// The value as a message shows it, at most 40 characters.
    var shown: String {
        switch self {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): text.count > 40 ? "\"\(text.prefix(40))…\"" : "\"\(text)\""
        case .list: "a list"
        case .table: "a table"
        case .moment: "a date or time"
        }
    }
}
