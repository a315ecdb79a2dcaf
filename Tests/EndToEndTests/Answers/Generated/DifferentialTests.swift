import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Generated schemas, rows and loads with every option: each answer is the database's own answer to plain SQL
/// for that key alone. A failure prints its seed and the smallest load that still differs.
@Suite struct DifferentialTests {
    private static let loads = 320
    private static let connections = 8

    @Test(arguments: UInt64(1)...16)
    func `every load has the answer that the database gives for each key alone`(seed: UInt64) throws {
        let database = try GeneratedDatabase(seed: seed)
        let loads = database.makeLoads(Self.loads, seed: seed)
        let differing = DifferingLoads()
        let complaints = inParallel(Self.connections) { number in
            let mine = stride(from: number, to: loads.count, by: Self.connections).map { loads[$0] }
            let checker = try DifferentialChecker(database)
            for start in stride(from: 0, to: mine.count, by: 20) {
                for load in try checker.differing(Array(mine[start..<min(start + 20, mine.count)])) {
                    differing.add(load)
                }
            }
            return []
        }
        #expect(complaints == [], "seed \(seed)")
        guard let first = differing.first else { return }
        let smallest = try LoadShrinker(try DifferentialChecker(database)).smallest(first)
        Issue.record(
            "seed \(seed): \(differing.count) of \(loads.count) loads differ; the smallest:\n\(smallest)")
    }

    @Test func `at least a quarter of the generated loads have rows`() throws {
        let database = try GeneratedDatabase(seed: 1)
        let checker = try DifferentialChecker(database)
        let answers = try database.makeLoads(Self.loads, seed: 1).flatMap { load in
            try load.keys.map { try checker.oracle.answer(load, $0) }
        }
        let filled = answers.count { answer in
            switch answer {
            case .rows(let rows): !rows.isEmpty
            case .row(let row): row != nil
            case .count(let count): count != "0"
            }
        }
        #expect(filled * 4 > answers.count, "\(filled) of \(answers.count) have rows")
    }
}

/// A generated database with a daemon in front of it.
struct GeneratedDatabase: Sendable {
    let schema: GeneratedSchema
    let server: PrivateServer
    let name: String
    let daemon: DaemonUnderTest
    /// The rows of each table, as replies show them.
    let rows: [String: [[String?]]]

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        schema = GeneratedSchema(using: &generator)
        server = try SharedServer.server
        name = try SharedServer.freshDatabase(named: "differential")
        try server.client(database: name).executeScript(
            "SET sql_mode = ''; SET time_zone = '+00:00';" + schema.script)
        let settings = [
            "[catalog]\ndiscover = false\n", seed % 2 == 0 ? "[batching]\nmax_keys = 5\n" : "",
            schema.relationships.map(\.toml).joined(separator: "\n"),
        ]
        daemon = try DaemonUnderTest(server, database: name, settings: settings.joined(separator: "\n"))
        let oracle = try LoadOracle(server, database: name, schema: schema)
        rows = try Dictionary(uniqueKeysWithValues: schema.tables.map { ($0.name, try oracle.rows(of: $0)) })
    }

    func makeLoads(_ count: Int, seed: UInt64) -> [GeneratedLoad] {
        var generator = LoadGenerator(schema, rows: rows, generator: SeededGenerator(seed: seed &+ 1000))
        return (0..<count).map { _ in generator.next() }
    }
}
