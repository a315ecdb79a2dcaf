import Batching
import Relations

/// The relationships that can be loaded now, and the routes that requests on their way use.
final class RouteTable {
    struct Settings: Equatable {
        /// Of relationships that have none of their own.
        var policy = BatchingPolicy()
        var policies: [String: BatchingPolicy] = [:]
        var bigIntegersAsStrings = false
    }

    private(set) var catalog = Catalog(relationships: [])
    private var settings = Settings()
    private var byName: [String: Destination] = [:]
    /// What was asked for last is mostly asked for again.
    private var last: (name: String, destination: Destination)?
    private var byShape: [Int: Route] = [:]
    /// By name, of the relationships that there are, and those that were asked for.
    private(set) var traffic: [String: Traffic] = [:]
    private var lastShape = 0
    private var lastRelationship = 0
    /// Why there is no catalog yet.
    var absence: String? = "the schema has not been read yet"

    /// Routes, and bytes of their filters, beyond which those that nothing waits for are forgotten.
    private static let most = Extent(routes: 4096, bytes: 1 << 26)
    private var mostNow = RouteTable.most
    private var extent = Extent()

    private struct Extent {
        var routes = 0
        var bytes = 0
    }

    var count: Int { extent.routes }

    var isFull: Bool { extent.routes > mostNow.routes || extent.bytes > mostNow.bytes }

    func route(of shape: Shape) -> Route? { byShape[shape.number] }

    /// Keeps a route that a load on its way still needs, although the catalog may have changed since.
    func keep(_ route: Route) {
        guard !route.isKept else { return }
        route.isKept = true
        byShape[route.shape.number] = route
        extent.routes += 1
        extent.bytes += route.byteCount
    }

    private func drop(_ route: Route) {
        route.isKept = false
        byShape[route.shape.number] = nil
        extent.routes -= 1
        extent.bytes -= route.byteCount
    }

    func destination(named name: String, isByParent: Bool) throws(Failure) -> Destination {
        let destination = try destination(named: name)
        return isByParent ? try viaParent(destination) : destination
    }

    private func destination(named name: String) throws(Failure) -> Destination {
        // Comparing a name is cheaper than hashing it.
        if let last, last.name == name { return last.destination }
        guard let destination = byName[name] else {
            try requireCatalog()
            throw catalog.unknown(name)
        }
        last = (name, destination)
        return destination
    }

    private func viaParent(_ destination: Destination) throws(Failure) -> Destination {
        if let known = destination.viaParent { return known }
        let relationship = destination.relationship
        guard let other = relationship.viaParent else {
            throw Failure(
                .badRequest,
                "'\(relationship.parent)' has no primary key, so that 'parent' has no meaning; use 'key'")
        }
        let isSame = other == relationship
        let made = isSame ? destination : self.destination(newRoute(other))
        // A reference to itself would never be freed.
        if !isSame { destination.viaParent = made }
        return made
    }

    func route(to destination: Destination, _ selection: Selection) -> Route {
        let plain = destination.plain.route
        if selection == plain.selection { return plain }
        if let known = destination.selected[selection] { return known }
        let route = newRoute(destination.relationship, selection)
        destination.selected[selection] = route
        return route
    }

    /// The one of this name, or all.
    func relationships(named name: String?) throws(Failure) -> [Relationship] {
        if let name { return [try destination(named: name, isByParent: false).relationship] }
        try requireCatalog()
        return catalog.relationships
    }

    private func requireCatalog() throws(Failure) {
        if let absence { throw Failure(.databaseUnavailable, "no catalog yet: \(absence)") }
    }

    /// A relationship that is the same as before keeps its route, so that its waiting keys and the new ones meet.
    func install(_ new: Catalog, _ settings: Settings) {
        let old = settings == self.settings ? byName : [:]
        self.settings = settings
        catalog = new
        absence = nil
        last = nil
        byName = [:]
        for relationship in new.relationships {
            if let same = old[relationship.name], same.relationship == relationship {
                byName[relationship.name] = same
            } else {
                byName[relationship.name] = destination(newRoute(relationship))
            }
        }
        traffic = traffic.filter { byName[$0.key] != nil || $0.value.keysAsked > 0 }
    }

    private func destination(_ route: Route) -> Destination {
        Destination(route, bigIntegersAsStrings: settings.bigIntegersAsStrings)
    }

    /// How keys of that relationship gather.
    func policy(of name: String) -> BatchingPolicy { settings.policies[name] ?? settings.policy }

    private func traffic(of name: String) -> Traffic {
        if let known = traffic[name] { return known }
        lastRelationship += 1
        let new = Traffic(number: lastRelationship)
        traffic[name] = new
        return new
    }

    private func newRoute(_ relationship: Relationship, _ selection: Selection? = nil) -> Route {
        lastShape += 1
        let name = relationship.name
        let route = Route(
            relationship, selection ?? Selection(allOf: relationship), number: lastShape, policy(of: name),
            traffic(of: name))
        keep(route)
        return route
    }

    /// Forgets routes of an earlier catalog, or with a selection of their own, that nothing waits for.
    func prune(isInUse: (Shape) -> Bool) {
        let destinations = byName.values.flatMap { [$0, $0.viaParent].compactMap { $0 } }
        let plain = Set(destinations.map(\.plain.route.shape.number))
        for (number, route) in byShape where !plain.contains(number) && !isInUse(route.shape) {
            drop(route)
        }
        for destination in destinations {
            destination.selected = destination.selected.filter { byShape[$0.value.shape.number] != nil }
        }
        // Where nearly all are in use, the next look must not come with the next route.
        mostNow = Extent(
            routes: max(Self.most.routes, 2 * extent.routes), bytes: max(Self.most.bytes, 2 * extent.bytes))
    }
}
