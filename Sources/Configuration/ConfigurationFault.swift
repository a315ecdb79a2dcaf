import TOML

/// A mistake in a configuration file.
package struct ConfigurationFault: Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// Counted from 1; nil if the file could not be read at all.
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

/// All mistakes in a file, in the order of its lines; at least one.
package struct ConfigurationFaults: Error, Hashable, Sendable, CustomStringConvertible {
    package let faults: [ConfigurationFault]

    package var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}

/// Collects the faults of one file, which is read to its end all the same.
struct FaultCollector {
    let file: String
    let lines: LineIndex
    private(set) var faults: [ConfigurationFault] = []

    init(file: String, lines: LineIndex) {
        self.file = file
        self.lines = lines
    }

    /// - Parameter path: The keys down to the member that the message is about, whether the file has it or
    ///   not.
    mutating func add(_ path: [String], _ message: String) {
        faults.append(ConfigurationFault(file: file, line: lines.line(of: path), message: message))
    }

    /// Throws the faults, if there are any.
    func check() throws(ConfigurationFaults) {
        guard !faults.isEmpty else { return }
        throw ConfigurationFaults(
            faults: faults.sorted { ($0.line ?? 0, $0.message) < ($1.line ?? 0, $1.message) })
    }
}
