import Batching
import Relations

/// The relationships that can be loaded now, and those that only requests on their way still use.
final class RouteTable {
    private(set) var catalog = Catalog(relationships: [])
    private var byName: [String: Route] = [:]
    private var byShape: [Int: Route] = [:]
    private var lastShape = 0
    /// Why there is no catalog yet.
    var absence: String? = "the schema has not been read yet"

    func route(of shape: Shape) -> Route? { byShape[shape.number] }

    func route(named name: String) throws(Failure) -> Route {
        if let route = byName[name] { return route }
        try requireCatalog()
        throw catalog.unknown(name)
    }

    /// The one of this name, or all.
    func relationships(named name: String?) throws(Failure) -> [Relationship] {
        if let name { return [try route(named: name).relationship] }
        try requireCatalog()
        return catalog.relationships
    }

    private func requireCatalog() throws(Failure) {
        if let absence { throw Failure(.databaseUnavailable, "no catalog yet: \(absence)") }
    }

    /// A relationship that is the same as before keeps its route, so that its waiting keys and the new ones meet.
    func install(_ new: Catalog, maxKeys: Int, bigIntegersAsStrings: Bool, keepingRoutes: Bool) {
        let old = byName
        catalog = new
        absence = nil
        byName = [:]
        for relationship in new.relationships {
            if keepingRoutes, let route = old[relationship.name], route.relationship == relationship {
                byName[relationship.name] = route
                continue
            }
            lastShape += 1
            let route = Route(
                relationship, number: lastShape, maxKeys: maxKeys, bigIntegersAsStrings: bigIntegersAsStrings)
            byName[relationship.name] = route
            byShape[lastShape] = route
        }
    }

    /// Forgets routes of an earlier catalog that nothing waits for.
    func prune(isInUse: (Shape) -> Bool) {
        let current = Set(byName.values.map(\.shape.number))
        byShape = byShape.filter { current.contains($0.key) || isInUse($0.value.shape) }
    }
}
