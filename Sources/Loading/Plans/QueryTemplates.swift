import Batching
package import Relations

/// The relationships that can be loaded now, and the query templates that requests on their way use.
package final class QueryTemplates {
    package struct Settings: Equatable, Sendable {
        /// How the keys of a relationship gather that has no policy of its own.
        package var policy = BatchingPolicy()
        package var policies: [String: BatchingPolicy] = [:]
        package var bigIntegersAsStrings = false

        package init() {}
    }

    package init() {}

    package private(set) var catalog = Catalog(relationships: [])
    private var settings = Settings()
    private var byName: [String: RelationshipEntry] = [:]
    /// What was asked for last is mostly asked for again.
    private var last: (name: String, entry: RelationshipEntry)?
    private var byBatchKey: [Int: QueryTemplate] = [:]
    /// The plans of loads that come again and again, for this catalog and these templates: a plan that was
    /// kept longer than its template would share no queries with others, and hold the memory.
    var plans = PlanCache()
    /// The counters, by name, of each relationship that the catalog has, and of each that was ever asked for.
    package private(set) var counters: [String: RelationshipCounters] = [:]
    private var lastBatchKey = 0
    private var lastRelationship = 0
    /// Why there is no catalog yet.
    package var unavailableReason: String? = "the schema has not been read yet"

    /// Templates, and bytes of their filters, beyond which those that nothing waits for are forgotten.
    private static let maxExtent = Extent(templates: 4096, bytes: 1 << 26)
    /// ``maxExtent``, or more while nearly so many templates are in use.
    private var currentMax = QueryTemplates.maxExtent
    private var extent = Extent()

    private struct Extent {
        var templates = 0
        var bytes = 0
    }

    package var count: Int { extent.templates }

    var isFull: Bool { extent.templates > currentMax.templates || extent.bytes > currentMax.bytes }

    func template(of batchKey: BatchKey) -> QueryTemplate? { byBatchKey[batchKey.number] }

    /// Keeps a template that a load on its way still needs, although the catalog may have changed since.
    func keep(_ template: QueryTemplate) {
        guard !template.isKept else { return }
        template.isKept = true
        byBatchKey[template.batchKey.number] = template
        extent.templates += 1
        extent.bytes += template.byteCount
    }

    private func drop(_ template: QueryTemplate) {
        template.isKept = false
        byBatchKey[template.batchKey.number] = nil
        extent.templates -= 1
        extent.bytes -= template.byteCount
    }

    func entry(named name: String, isByParent: Bool) throws(Failure) -> RelationshipEntry {
        let entry = try entry(named: name)
        return isByParent ? try viaParent(entry) : entry
    }

    private func entry(named name: String) throws(Failure) -> RelationshipEntry {
        // Comparing a name is cheaper than hashing it.
        if let last, last.name == name { return last.entry }
        guard let entry = byName[name] else {
            try requireCatalog()
            throw catalog.unknown(name)
        }
        last = (name, entry)
        return entry
    }

    private func viaParent(_ entry: RelationshipEntry) throws(Failure) -> RelationshipEntry {
        if let known = entry.viaParent { return known }
        let relationship = entry.relationship
        guard let other = relationship.viaParent else {
            throw Failure(
                .badRequest,
                "'\(relationship.parent)' has no primary key, so that 'parent' has no meaning; use 'key'")
        }
        let isSame = other == relationship
        let made = isSame ? entry : self.entry(newTemplate(other))
        // A reference to itself would never be freed.
        if !isSame { entry.viaParent = made }
        return made
    }

    func template(for entry: RelationshipEntry, _ selection: Selection) -> QueryTemplate {
        let plain = entry.plainPlan.template
        if selection == plain.selection { return plain }
        if let known = entry.templates[selection] { return known }
        let template = newTemplate(entry.relationship, selection)
        entry.templates[selection] = template
        return template
    }

    /// The relationship of this name, or all relationships.
    package func relationships(named name: String?) throws(Failure) -> [Relationship] {
        if let name { return [try entry(named: name, isByParent: false).relationship] }
        try requireCatalog()
        return catalog.relationships
    }

    private func requireCatalog() throws(Failure) {
        if let unavailableReason {
            throw Failure(.databaseUnavailable, "no catalog yet: \(unavailableReason)")
        }
    }

    /// Replaces the catalog. A relationship that is the same as before keeps its template, so that its
    /// waiting keys and new ones share queries.
    package func install(_ new: Catalog, _ settings: Settings) {
        let old = settings == self.settings ? byName : [:]
        self.settings = settings
        catalog = new
        unavailableReason = nil
        last = nil
        plans = PlanCache()
        byName = [:]
        for relationship in new.relationships {
            if let same = old[relationship.name], same.relationship == relationship {
                byName[relationship.name] = same
            } else {
                byName[relationship.name] = entry(newTemplate(relationship))
            }
        }
        counters = counters.filter { byName[$0.key] != nil || $0.value.keysAsked > 0 }
    }

    private func entry(_ template: QueryTemplate) -> RelationshipEntry {
        RelationshipEntry(template, bigIntegersAsStrings: settings.bigIntegersAsStrings)
    }

    /// How keys of that relationship gather.
    package func policy(of name: String) -> BatchingPolicy { settings.policies[name] ?? settings.policy }

    private func counters(of name: String) -> RelationshipCounters {
        if let known = counters[name] { return known }
        lastRelationship += 1
        let new = RelationshipCounters(number: lastRelationship)
        counters[name] = new
        return new
    }

    private func newTemplate(_ relationship: Relationship, _ selection: Selection? = nil) -> QueryTemplate {
        lastBatchKey += 1
        let name = relationship.name
        let template = QueryTemplate(
            relationship, selection ?? Selection(allOf: relationship), number: lastBatchKey, policy(of: name),
            counters(of: name))
        keep(template)
        return template
    }

    /// Forgets templates of an earlier catalog, or with a selection of their own, that nothing waits for.
    func prune(isInUse: (BatchKey) -> Bool) {
        let entries = byName.values.flatMap { [$0, $0.viaParent].compactMap { $0 } }
        let plain = Set(entries.map(\.plainPlan.template.batchKey.number))
        for (number, template) in byBatchKey where !plain.contains(number) && !isInUse(template.batchKey) {
            drop(template)
        }
        plans = PlanCache()
        for entry in entries {
            entry.templates = entry.templates.filter { byBatchKey[$0.value.batchKey.number] != nil }
        }
        // Where nearly all are in use, the next template must not make it prune again.
        currentMax = Extent(
            templates: max(Self.maxExtent.templates, 2 * extent.templates),
            bytes: max(Self.maxExtent.bytes, 2 * extent.bytes))
    }
}
