/// The relationships that clients can load, by name.
package struct Catalog: Hashable, Sendable {
    /// The relationships, sorted by name.
    package let relationships: [Relationship]
    private let spellings: [Suggestion.Spelling]

    package init(relationships: [Relationship]) {
        self.relationships = relationships.sorted { $0.name < $1.name }
        spellings = self.relationships.map { Suggestion.Spelling($0.name) }
    }

    /// The error for a name that no relationship has: `unknown_relationship`, with the names that were
    /// probably meant.
    package func unknown(_ name: String) -> Failure {
        let nearest = Suggestion.names(to: name, among: spellings, limit: 3)
        let names = nearest.map { "'\($0)'" }.joined(separator: " or ")
        let hint = nearest.isEmpty ? "{\"op\":\"describe\"} lists them" : "did you mean \(names)?"
        return Failure(.unknownRelationship, "no relationship \(QuotedInput.quoted(name)); \(hint)")
    }
}

/// A configured relationship that does not fit the schema.
package struct CatalogFault: Error, Hashable, Sendable {
    /// The number of its line in the configuration file, from 1.
    package let line: Int
    /// What is wrong and what to do, without the line.
    package let message: String

    package init(line: Int, message: String) {
        self.line = line
        self.message = message
    }
}
