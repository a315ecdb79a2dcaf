package import Relations
package import Wire

/// Checks a load against the catalog, and makes its plan. Loads without options share one, and so do loads of
/// a shape that comes again. A plan is made for somebody's account, because what an account may see is to be
/// decided here, for shared plans too. Today every account may see everything.
package struct LoadPlanner {
    private let templates: QueryTemplates
    private let account: ClientAccount

    package init(templates: QueryTemplates, account: ClientAccount) {
        self.templates = templates
        self.account = account
    }

    package func plan(of load: Load) throws(Failure) -> LoadPlan {
        if let plan = templates.plans.plan(of: load.shape) { return plan }
        let plan = try newPlan(of: load.shape)
        templates.plans.keep(plan, for: load.shape)
        return plan
    }

    private func newPlan(of shape: LoadShape) throws(Failure) -> LoadPlan {
        let entry = try templates.entry(named: shape.relationship, isByParent: shape.isByParent)
        guard let options = shape.options else { return entry.plainPlan }
        return try plan(for: entry, options, at: .root)
    }

    private func plan(
        for entry: RelationshipEntry, _ options: LoadOptions, at path: RequestPath
    ) throws(Failure) -> LoadPlan {
        let relationship = entry.relationship
        let selection = try relationship.selection(options, at: path)
        let template = templates.template(for: entry, selection)
        if selection.isCount {
            return LoadPlan(template, showing: entry.countProjection, path: path)
        }
        let shown = try relationship.shown(options, at: path)
        var includeKeys: [Column] = []
        var includes: [LoadPlan.Include] = []
        for include in options.includes {
            let path = path.member("include").member(include.name)
            let next = try self.entry(include.name, from: relationship, shown, path)
            let relationship = next.relationship
            let indices = zip(relationship.key, relationship.matchedColumns).map { key, match in
                let column = key.leading(to: match)
                if let index = includeKeys.firstIndex(of: column) { return index }
                includeKeys.append(column)
                return includeKeys.count - 1
            }
            let plan = try plan(for: next, include.options, at: path)
            includes.append(LoadPlan.Include(name: include.name, keyColumns: indices, plan: plan))
        }
        let projection = entry.projection(shown, includeKeys: includeKeys)
        return LoadPlan(template, showing: projection, includes: includes, path: path)
    }

    /// `tags` in an include of books is `books.tags`.
    private func entry(
        _ name: String, from relationship: Relationship, _ shown: [Column], _ path: RequestPath
    ) throws(Failure) -> RelationshipEntry {
        guard !shown.contains(where: { $0.name == name }) else {
            throw path.failure(.badRequest, "a column of that name is shown; leave it out of 'columns'")
        }
        do {
            return try templates.entry(
                named: Relationship.name(relationship.table, name), isByParent: false)
        } catch {
            throw path.failure(error.code, error.message)
        }
    }
}
