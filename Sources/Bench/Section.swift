/// A part of a report: trials under a title, or lines that are written already.
package struct Section {
    let title: String
    let trials: [Trial]
    private let table: Table

    init(_ title: String, _ trials: [Trial]) {
        let measured = trials.filter { !$0.rounds.isEmpty }
        self.title = title
        self.trials = measured
        var table = Table(Summary.head)
        for trial in measured { table.add(Summary(trial: trial).row) }
        self.table = table
    }

    init(_ title: String, table: Table) {
        self.title = title
        trials = []
        self.table = table
    }

    package var text: String {
        let errors = trials.compactMap { Summary(trial: $0).firstError }
        return ([title, table.text] + errors.prefix(1).map { "first error: \($0)" }).joined(separator: "\n")
    }
}
