import Relations
import Wire

/// Checks a load's options against the catalog, plan by plan.
struct LoadPlanner {
    let templates: QueryTemplates

    func plan(of load: Load) throws(Failure) -> LoadPlan {
        let entry = try templates.entry(named: load.relationship, isByParent: load.isByParent)
        guard let options = load.options else { return entry.plain }
        return try plan(to: entry, options, at: .root)
    }

    private func plan(
        to entry: RelationshipEntry, _ options: LoadOptions, at path: RequestPath
    ) throws(Failure) -> LoadPlan {
        let relationship = entry.relationship
        let selection = try relationship.selection(options, at: path)
        let template = templates.template(to: entry, selection)
        if selection.isCount {
            return LoadPlan(template, showing: entry.count, path: path)
        }
        let shown = try relationship.shown(options, at: path)
        var links: [Column] = []
        var includes: [LoadPlan.Include] = []
        for include in options.includes {
            let path = path.member("include").member(include.name)
            let next = try self.entry(include.name, from: relationship, shown, path)
            let relationship = next.relationship
            let places = zip(relationship.key, relationship.matches).map { key, match in
                let column = key.leading(to: match)
                if let place = links.firstIndex(of: column) { return place }
                links.append(column)
                return links.count - 1
            }
            let plan = try plan(to: next, include.options, at: path)
            includes.append(LoadPlan.Include(name: include.name, links: places, plan: plan))
        }
        let projection = entry.projection(shown, links: links)
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
