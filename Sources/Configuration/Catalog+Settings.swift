package import Relations

extension Catalog {
    /// The relationships that a daemon with these settings serves from this schema.
    ///
    /// - Returns: The catalog without the configured relationships that have faults, all these faults, and
    ///   what else the operator should know of the schema, a sentence each.
    package static func make(
        _ settings: Settings, _ schema: Schema
    ) -> (catalog: Catalog, faults: [CatalogFault], warnings: [String]) {
        CatalogBuilder(schema).build(discover: settings.catalog.discover, explicit: settings.relationships)
    }
}
