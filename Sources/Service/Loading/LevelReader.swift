import Relations
import Wire

/// Checks a load's options against the catalog, level by level.
struct LevelReader {
    let routes: RouteTable

    func level(of load: Load) throws(Failure) -> Level {
        let destination = try routes.destination(named: load.relationship, isByParent: load.isByParent)
        guard let options = load.options else { return destination.plain }
        return try level(to: destination, options, at: .root)
    }

    private func level(
        to destination: Destination, _ options: LoadOptions, at path: RequestPath
    ) throws(Failure) -> Level {
        let relationship = destination.relationship
        let selection = try relationship.selection(options, at: path)
        let route = routes.route(to: destination, selection)
        if selection.isCount {
            return Level(route, showing: destination.count, path: path)
        }
        let shown = try relationship.shown(options, at: path)
        var links: [Column] = []
        var branches: [Level.Branch] = []
        for include in options.includes {
            let path = path.member("include").member(include.name)
            let next = try self.destination(include.name, from: relationship, shown, path)
            let relationship = next.relationship
            let places = zip(relationship.key, relationship.matches).map { key, match in
                let column = key.leading(to: match)
                if let place = links.firstIndex(of: column) { return place }
                links.append(column)
                return links.count - 1
            }
            let level = try level(to: next, include.options, at: path)
            branches.append(Level.Branch(name: include.name, links: places, level: level))
        }
        let projection = destination.projection(shown, links: links)
        return Level(route, showing: projection, branches: branches, path: path)
    }

    /// `tags` in an include of books is `books.tags`.
    private func destination(
        _ name: String, from relationship: Relationship, _ shown: [Column], _ path: RequestPath
    ) throws(Failure) -> Destination {
        guard !shown.contains(where: { $0.name == name }) else {
            throw path.failure(.badRequest, "a column of that name is shown; leave it out of 'columns'")
        }
        do {
            return try routes.destination(
                named: Relationship.name(relationship.table, name), isByParent: false)
        } catch {
            throw path.failure(error.code, error.message)
        }
    }
}
