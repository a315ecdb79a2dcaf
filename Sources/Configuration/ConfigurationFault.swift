import TOML

/// One thing that is wrong with a configuration file.
package struct ConfigurationFault: Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// From 1; `nil` where the file could not be read at all.
    package let line: Int?
    package let message: String

    package init(file: String, line: Int?, message: String) {
        self.file = file
        self.line = line
        self.message = Self.onOneLine(message)
    }

    /// A message repeats what the file holds, and must stay a line of a log all the same: control characters
    /// are written as TOML would escape them.
    private static func onOneLine(_ message: String) -> String {
        guard message.unicodeScalars.contains(where: \.isControl) else { return message }
        return message.unicodeScalars.reduce(into: "") { line, scalar in
            if scalar.isControl { line += scalar.escaped } else { line.unicodeScalars.append(scalar) }
        }
    }

    /// `kindred.toml:12: message`, the form that editors and terminals can jump to.
    package var description: String {
        line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
    }
}

/// All that is wrong with a file, in the order of its lines; never empty.
package struct ConfigurationFaults: Error, Hashable, Sendable, CustomStringConvertible {
    package let faults: [ConfigurationFault]

    package var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}

/// Collects the faults of one file while it is read on.
struct FaultCollector {
    let file: String
    let lines: LineIndex
    private(set) var faults: [ConfigurationFault] = []

    init(file: String, lines: LineIndex) {
        self.file = file
        self.lines = lines
    }

    /// `path`: the keys down to the member that the message is about, or would be if it stood there.
    mutating func add(_ path: [String], _ message: String) {
        faults.append(ConfigurationFault(file: file, line: lines.line(of: path), message: message))
    }

    /// Nothing if all was well.
    func check() throws(ConfigurationFaults) {
        guard !faults.isEmpty else { return }
        throw ConfigurationFaults(
            faults: faults.sorted { ($0.line ?? 0, $0.message) < ($1.line ?? 0, $1.message) })
    }
}
