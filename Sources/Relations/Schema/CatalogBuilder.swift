/// Makes the catalog from the relationships that foreign keys give and those that are configured. A
/// configured relationship replaces a discovered one of the same name.
package struct CatalogBuilder {
    private let schema: Schema

    package init(_ schema: Schema) {
        self.schema = schema
    }

    /// Builds the catalog.
    /// - Parameters:
    ///   - discover: whether foreign keys give relationships.
    ///   - explicit: the configured relationships.
    /// - Returns: the catalog without the configured relationships that have faults, all of their faults, and
    ///   what else the operator should know about the schema, a sentence each.
    package func build(
        discover: Bool, explicit: [ExplicitRelationship]
    ) -> (catalog: Catalog, faults: [CatalogFault], warnings: [String]) {
        let (discovered, warnings) = discover ? Discovery.run(schema) : ([], [])
        var byName = Dictionary(discovered.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var faults: [CatalogFault] = []
        for configured in explicit {
            // Even if it has faults: the discovered one may show columns that this one was meant to hide.
            byName[configured.name] = nil
            var resolution = Resolution(configured, schema: schema)
            if let relationship = resolution.resolve() { byName[relationship.name] = relationship }
            faults += resolution.faults
        }
        return (Catalog(relationships: Array(byName.values)), faults, schema.warnings + warnings)
    }
}

/// Checks one configured relationship against the schema. It goes as far as it can, to report all faults at
/// once.
private struct Resolution {
    private let configured: ExplicitRelationship
    private let schema: Schema
    private(set) var faults: [CatalogFault] = []

    init(_ configured: ExplicitRelationship, schema: Schema) {
        self.configured = configured
        self.schema = schema
    }

    mutating func resolve() -> Relationship? {
        checkName()
        let from = columns(configured.from.columns, of: configured.from.table, .from)
        let target = table(configured.to.table, .to)
        let to = columns(configured.to.columns, of: configured.to.table, .to)
        let shown = configured.columns.flatMap { columns($0, of: configured.to.table, .columns) }
        if let order = configured.order { _ = columns(order.map(\.column), of: configured.to.table, .order) }
        let steps = resolveSteps()
        if let from, let to, let steps { checkSteps(from, steps, to) }
        let fixed = configured.fixed.compactMap { resolveFixed($0) }
        checkDistinct(target)
        guard faults.isEmpty, let from, let target, let to, let steps,
            let parent = schema.tables[configured.from.table]
        else { return nil }
        let path = Relationship.JoinPath(
            steps.map { Hop(table: $0.table.name, near: $0.near, far: $0.far) }, tables: steps.map(\.table),
            targets: to, isDistinct: configured.distinct)
        return Relationship(
            name: configured.name, kind: configured.kind, parent: .init(parent), key: from,
            matchedColumns: steps.first?.near ?? to, through: steps.isEmpty ? nil : path, fixed: fixed,
            to: target, columns: shown,
            order: configured.order ?? [], dialect: schema.dialect)
    }

    private mutating func checkDistinct(_ target: Table?) {
        guard configured.distinct else { return }
        if configured.through.isEmpty { fault(.distinct, "distinct has a meaning only beside through") }
        if target?.primaryKey.isEmpty ?? false {
            fault(.distinct, "distinct needs a primary key in '\(configured.to.table)', which has none")
        }
    }

    // [relationships."authors.bestsellers"] belongs to the table of its from
    private mutating func checkName() {
        let prefix = Relationship.qualified(configured.from.table) + "."
        if configured.name.hasPrefix(prefix), configured.name != prefix { return }
        fault(nil, "the name must be '\(prefix)NAME', because from is a column of '\(configured.from.table)'")
    }

    private typealias Step = (table: Table, near: [Column], far: [Column])

    /// The tables that are joined between the two sides; nil if one of them has a fault.
    private mutating func resolveSteps() -> [Step]? {
        let steps = configured.through.map { through -> Step? in
            guard let near = columns(through.from, of: through.table, .through),
                let far = columns(through.to, of: through.table, .through),
                let table = schema.tables[through.table]
            else { return nil }
            return (table, near, far)
        }
        let found = steps.compactMap { $0 }
        return found.count == steps.count ? found : nil
    }

    /// Checks that the columns of all joins can be compared: the key with the first table,
    /// each table with the next, and the last with the related one.
    private mutating func checkSteps(_ key: [Column], _ steps: [Step], _ to: [Column]) {
        var before = key
        for step in steps {
            checkPairs(before, step.near, .through)
            before = step.far
        }
        checkPairs(before, to, .to)
        for part in key where KeyFamily(part.type) == nil {
            fault(.from, "'\(part.name)' is \(part.declaration), which cannot be a key")
        }
    }

    private mutating func checkPairs(
        _ left: [Column], _ right: [Column], _ member: ExplicitRelationship.Member
    ) {
        guard left.count == right.count else {
            fault(
                member,
                "\(left.count) columns (\(Self.names(left))) cannot equal \(right.count) (\(Self.names(right)))"
            )
            return
        }
        for (left, right) in zip(left, right) {
            guard let family = KeyFamily(left.type), family != KeyFamily(right.type) else { continue }
            fault(
                member,
                "'\(right.name)' is \(right.declaration) and '\(left.name)' is \(left.declaration): "
                    + "comparing them would convert one of them; make their types the same")
        }
    }

    private static func names(_ columns: [Column]) -> String { columns.map(\.name).joined(separator: ", ") }

    // fixed = { "comments.owner_type" = "book" }
    private mutating func resolveFixed(_ fixed: ExplicitRelationship.Fixed) -> FixedCondition? {
        let hops = configured.through.indices.filter { configured.through[$0].table == fixed.table }
        let isTarget = configured.to.table == fixed.table
        guard hops.count + (isTarget ? 1 : 0) == 1 else {
            let how = hops.isEmpty ? "is not on the way of" : "stands more than once on the way of"
            fault(.fixed, "table '\(fixed.table)' \(how) this relationship")
            return nil
        }
        guard let column = columns([fixed.column], of: fixed.table, .fixed)?.first else { return nil }
        do {
            let value = try Scalar(fixed.value, as: column.type)
            return FixedCondition(hop: hops.first, condition: Condition(column, .equal(value)))
        } catch {
            fault(.fixed, "column '\(column.name)': \(error.message)")
            return nil
        }
    }

    private mutating func table(_ name: String, _ member: ExplicitRelationship.Member) -> Table? {
        if let table = schema.tables[name] { return table }
        fault(
            member,
            "no table '\(name)' in database '\(schema.database)', or no SELECT on it"
                + suggestion(name, schema.tables.keys))
        return nil
    }

    private mutating func columns(
        _ names: [String], of tableName: String, _ member: ExplicitRelationship.Member
    ) -> [Column]? {
        guard let table = schema.tables[tableName] else {
            // A missing target is reported once, as the table of `to`.
            if tableName != configured.to.table { _ = self.table(tableName, member) }
            return nil
        }
        for name in names where table.column(name) == nil {
            fault(
                member,
                "no column '\(name)' in table '\(tableName)'" + suggestion(name, table.columns.map(\.name)))
        }
        return table.columns(names)
    }

    private func suggestion(_ name: String, _ names: some Sequence<String>) -> String {
        Suggestion.hint(to: name, among: Array(names))
    }

    private mutating func fault(_ member: ExplicitRelationship.Member?, _ message: String) {
        let line = member.map(configured.line) ?? configured.line
        faults.append(CatalogFault(line: line, message: "relationship '\(configured.name)': \(message)"))
    }
}
