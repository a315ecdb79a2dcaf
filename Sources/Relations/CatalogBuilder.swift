/// Makes the catalog of what foreign keys give and what the configuration names. A configured relationship replaces
/// a discovered one of the same name.
package struct CatalogBuilder {
    private let schema: Schema

    package init(_ schema: Schema) {
        self.schema = schema
    }

    /// The catalog without the configured relationships that have faults, and all their faults.
    package func build(
        discover: Bool, explicit: [ExplicitRelationship]
    ) -> (catalog: Catalog, faults: [CatalogFault]) {
        let discovered = discover ? Discovery.relationships(of: schema) : []
        var byName = Dictionary(discovered.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var faults: [CatalogFault] = []
        for configured in explicit {
            // Also if it has faults: the discovered one may show columns that this one was to hide.
            byName[configured.name] = nil
            var resolution = Resolution(configured, schema: schema)
            if let relationship = resolution.resolve() { byName[relationship.name] = relationship }
            faults += resolution.faults
        }
        return (Catalog(relationships: Array(byName.values)), faults)
    }
}

/// One configured relationship on its way to a checked one. Goes as far as it can, to report every fault at once.
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
        let join = configured.through.flatMap { resolveJoin($0) }
        let shown = configured.columns.flatMap { columns($0, of: configured.to.table, .columns) }
        _ = configured.order.flatMap { order in columns(order.map(\.column), of: configured.to.table, .order)
        }
        if let from, let to { checkKey(from, join?.near ?? to) }
        if configured.distinct, configured.through == nil {
            fault(.distinct, "distinct has a meaning only beside through")
        }
        if configured.distinct, target?.primaryKey.isEmpty ?? false {
            fault(.distinct, "distinct needs a primary key in '\(configured.to.table)', which has none")
        }
        guard faults.isEmpty, let from, let target, let to else { return nil }
        return Relationship(
            name: configured.name, kind: configured.kind, parent: configured.from.table, key: from,
            matches: join?.near ?? to,
            through: join?.table, to: target, columns: shown, order: configured.order ?? [])
    }

    // [relationships."authors.bestsellers"] belongs to the table of its from
    private mutating func checkName() {
        let prefix = Relationship.qualified(configured.from.table) + "."
        if configured.name.hasPrefix(prefix), configured.name != prefix { return }
        fault(nil, "the name must be '\(prefix)NAME', because from is a column of '\(configured.from.table)'")
    }

    private mutating func resolveJoin(_ through: ExplicitRelationship.Through) -> (
        near: [Column], table: JoinTable
    )? {
        guard let near = columns(through.from, of: through.table, .through),
            let far = columns(through.to, of: through.table, .through)
        else { return nil }
        guard far.count == configured.to.columns.count else {
            fault(.through, "through.to has \(far.count) columns, to has \(configured.to.columns.count)")
            return nil
        }
        return (
            near,
            JoinTable(
                table: through.table, farColumns: through.to, targets: configured.to.columns,
                distinct: configured.distinct)
        )
    }

    /// The key's columns must be comparable, one by one, with those that they are to equal.
    private mutating func checkKey(_ key: [Column], _ matches: [Column]) {
        guard key.count == matches.count else {
            fault(.to, "the key has \(key.count) columns, and \(matches.count) are to equal it")
            return
        }
        for (part, match) in zip(key, matches) {
            guard let family = KeyFamily(part.type) else {
                fault(.from, "'\(part.name)' is \(part.declaration), which cannot be a key")
                continue
            }
            guard family != KeyFamily(match.type) else { continue }
            fault(
                .to,
                "'\(match.name)' is \(match.declaration) and '\(part.name)' is \(part.declaration): "
                    + "comparing them would convert one of them; make their types the same")
        }
    }

    private mutating func table(_ name: String, _ member: ExplicitRelationship.Member) -> Table? {
        if let table = schema.tables[name] { return table }
        fault(
            member,
            "no table '\(name)' in database '\(schema.database)'" + suggestion(name, schema.tables.keys))
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
        guard let nearest = Nearest.names(to: name, among: Array(names), limit: 1).first else { return "" }
        return "; did you mean '\(nearest)'?"
    }

    private mutating func fault(_ member: ExplicitRelationship.Member?, _ message: String) {
        let line = member.map(configured.line) ?? configured.line
        faults.append(CatalogFault(line: line, message: "relationship '\(configured.name)': \(message)"))
    }
}
