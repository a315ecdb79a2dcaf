import MariaDB
import PrivateServer
package import Relations

/// `make bench`: the built-in comparison, and how it stands to what is expected of it.
package struct Suite {
    private let ring: Ring
    private let workloads: [Workload]
    private let clients: Int
    private let rounds: Int
    /// Part of `workload/contender`: the others are left out.
    private let only: String?
    private let progress: (String) -> Void

    package static let dataScript = BenchData.script

    package init(
        _ ring: Ring, catalog: Catalog, clients: Int, rounds: Int, only: String?,
        progress: @escaping (String) -> Void
    ) throws {
        self.ring = ring
        self.clients = clients
        self.rounds = rounds
        self.only = only
        self.progress = progress
        workloads = try BenchData.relations.map { name, path in
            guard let relationship = catalog.relationships.first(where: { $0.name == path }) else {
                throw BenchError("the bench's own data has no relationship \(path)")
            }
            let keys = (1...Int64(BenchData.authors)).map { Key.single(.integer($0)) }
            return try Workload(
                name: name, template: "{\"load\":\"\(path)\"}", relationship, options: nil, keys: keys,
                .uniform)
        }
    }

    package func run() throws -> String {
        let comparisons = try workloads.map { try Comparison($0, ring, clients: clients, depths: [8, 1]) }
        let trials = comparisons.flatMap(\.trials).filter { trial in
            only.map { "\(trial.workload)/\(trial.name)".contains($0) } ?? true
        }
        try ring.run(trials, Conductor.Plan(rounds: rounds), progress: progress)
        return comparisons.map { comparison in
            var table = Table(["\(comparison.workload.name), \(clients) clients"] + Summary.head.dropFirst())
            for trial in comparison.trials where !trial.rounds.isEmpty {
                table.add(Summary(trial: trial).row)
            }
            return table.text
        }.joined(separator: "\n\n")
    }
}

package struct BenchError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
