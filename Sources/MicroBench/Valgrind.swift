import Foundation

/// Counts what a case costs: user-space instructions as callgrind counts them, and heap allocations as
/// memcheck does. Both come from a simulated processor, so they are the same however busy the real one is.
/// They change a little with the compiler, and with the `memcpy` that the C library chooses for the
/// processor.
struct Valgrind {
    /// This program.
    let program: String

    /// Units of the shorter run. The longer one has twice as many: what it costs more is the iterations' own
    /// cost, without the program's start and the case's set-up.
    private static let units = 10_000

    func cost(of subject: Case) throws -> Case.Cost {
        let iterations = max(10, Self.units / subject.unitsPerIteration)
        func difference(_ count: (Case, Int) throws -> Double) throws -> Double {
            try (count(subject, 2 * iterations) - count(subject, iterations))
                / Double(iterations * subject.unitsPerIteration)
        }
        return Case.Cost(
            instructions: try difference(instructions), allocations: try difference(allocations))
    }

    // ==123== Collected : 81234567
    private func instructions(_ subject: Case, iterations: Int) throws -> Double {
        let options = ["--tool=callgrind", "--callgrind-out-file=/dev/null"]
        return try number(after: "Collected : ", options, subject, iterations)
    }

    // ==123==   total heap usage: 1,234 allocs, 1,200 frees, 56,789 bytes allocated
    private func allocations(_ subject: Case, iterations: Int) throws -> Double {
        try number(
            after: "total heap usage: ", ["--tool=memcheck", "--undef-value-errors=no"], subject, iterations)
    }

    private func number(
        after label: String, _ options: [String], _ subject: Case, _ iterations: Int
    ) throws -> Double {
        let command = ["valgrind"] + options + [program, "run", subject.name, "\(iterations)"]
        let report = try errorOutput(of: command)
        guard let end = report.range(of: label)?.upperBound,
            let number = Double(
                report[end...].prefix { $0.isNumber || $0 == "," }.filter { $0 != "," })
        else {
            throw CountingError(
                "\(command.joined(separator: " ")) did not report '\(label)'; it said: \(report.suffix(500))")
        }
        return number
    }

    private func errorOutput(of command: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        // Hashing with a seed of its own, each run would have other collisions.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["SWIFT_DETERMINISTIC_HASHING": "1"]) { $1 }
        let output = Pipe()
        process.standardError = output
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        switch process.terminationStatus {
        case 0: return text
        case 127: throw CountingError("valgrind was not found on the PATH; install the package valgrind")
        case let status:
            throw CountingError("\(command.joined(separator: " ")) ended with \(status): \(text)")
        }
    }
}

struct CountingError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
