import Relations
import TestSupport

/// What a load asks of one relationship, and of those that its rows include.
struct GeneratedLoad {
    let relation: SimulatedRelationship
    /// Nil: all.
    var columns: [String]?
    var isCount = false
    var includes: [GeneratedLoad] = []

    var shown: [String] { columns ?? SimulatedTables.columns[relation.table] ?? [] }

    /// - Parameter depth: levels that may still be included.
    init(_ relation: SimulatedRelationship, depth: Int, _ random: inout SeededGenerator) {
        self.relation = relation
        if random.chance(0.15) {
            isCount = true
            return
        }
        if random.chance(0.4) {
            let shuffled = (SimulatedTables.columns[relation.table] ?? []).shuffled(using: &random)
            columns = Array(shuffled.prefix(random.number(1...shuffled.count)))
        }
        guard depth > 0 else { return }
        for next in SimulatedRelationship.all where next.parent == relation.table && random.chance(0.3) {
            includes.append(GeneratedLoad(next, depth: depth - 1, &random))
        }
    }

    /// As a client writes it; nil for a load without options.
    var options: LoadOptions? {
        guard columns != nil || isCount || !includes.isEmpty else { return nil }
        var options = LoadOptions()
        options.columns = columns
        options.isCount = isCount
        options.includes = includes.map {
            IncludeInput(name: $0.relation.member, options: $0.options ?? LoadOptions())
        }
        return options
    }
}
