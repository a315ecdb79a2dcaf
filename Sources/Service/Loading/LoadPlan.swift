import Relations

/// One plan of a load that has been checked against the catalog: the load itself, or a relationship that it includes.
final class LoadPlan {
    /// An included relationship.
    struct Include {
        /// The member of each row.
        let name: String
        /// The columns of its key among the links of the plan above.
        let links: [Int]
        let plan: LoadPlan
    }

    let template: QueryTemplate
    let projection: Projection
    /// In the order of the reply.
    let includes: [Include]
    /// For error messages.
    let path: RequestPath

    init(
        _ template: QueryTemplate, showing projection: Projection, includes: [Include] = [],
        path: RequestPath = .root
    ) {
        self.template = template
        self.projection = projection
        self.includes = includes
        self.path = path
    }
}
