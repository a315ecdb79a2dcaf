import Relations

/// One level of a load that has been checked against the catalog: the load itself, or a relationship that it includes.
final class Level {
    /// An included relationship.
    struct Branch {
        /// The member of each row.
        let name: String
        /// The columns of its key among the links of the level above.
        let links: [Int]
        let level: Level
    }

    let route: Route
    let projection: Projection
    /// In the order of the reply.
    let branches: [Branch]
    /// For error messages.
    let path: RequestPath

    init(_ route: Route, showing projection: Projection, branches: [Branch] = [], path: RequestPath = .root) {
        self.route = route
        self.projection = projection
        self.branches = branches
        self.path = path
    }
}
