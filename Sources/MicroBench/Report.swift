import Foundation

/// Writes the figures as a table, and collects those above their ceilings.
struct Report {
    private(set) var regressions: [String] = []

    static let head = line("case", "of one", "instructions", "at most", "allocations", "at most")

    mutating func line(of subject: Case, _ cost: Case.Cost) -> String {
        let ceiling = subject.ceiling
        check(subject, "instructions", cost.instructions, ceiling.instructions)
        check(subject, "allocations", cost.allocations, ceiling.allocations)
        return Self.line(
            subject.name, subject.unit, shown(cost.instructions, 0), shown(ceiling.instructions, 0),
            shown(cost.allocations, 2), shown(ceiling.allocations, 2))
    }

    private mutating func check(_ subject: Case, _ what: String, _ cost: Double, _ ceiling: Double) {
        guard cost > ceiling else { return }
        regressions.append(
            """
            \(subject.name) takes \(shown(cost, 2)) \(what) for one \(subject.unit), and \(shown(ceiling, 2)) \
            at most are expected: \(shown(100 * (cost / ceiling - 1), 0)) % too many
            """)
    }

    private func shown(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

    private static func line(_ name: String, _ unit: String, _ figures: String...) -> String {
        func padded(_ text: String, to width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count))
        }
        return name + padded(name, to: 22) + unit + padded(unit, to: 12)
            + figures.map { padded($0, to: 14) + $0 }.joined()
    }
}
