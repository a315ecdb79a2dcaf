/// A relationship as the tests know it, independently of the catalog.
struct SimulatedRelationship: Hashable {
    let name: String
    /// The related table.
    let table: String
    /// Its column that equals the key.
    let match: String
    /// The column of a row of the parent that is the key.
    let link: String
    let isMany: Bool
    /// Keys are texts, compared without regard to case.
    let isText: Bool

    /// The member of a row that includes it.
    var member: String { name.split(separator: ".").last.map { String($0) } ?? name }

    var parent: String { name.split(separator: ".").first.map { String($0) } ?? name }

    static let all = [
        SimulatedRelationship(
            name: "books.author", table: "authors", match: "id", link: "author_id", isMany: false,
            isText: false),
        SimulatedRelationship(
            name: "authors.books", table: "books", match: "author_id", link: "id", isMany: true, isText: false
        ),
        SimulatedRelationship(
            name: "books.reviews", table: "reviews", match: "book_id", link: "id", isMany: true, isText: false
        ),
        SimulatedRelationship(
            name: "reviews.book", table: "books", match: "id", link: "book_id", isMany: false, isText: false),
        SimulatedRelationship(
            name: "owners.pets", table: "pets", match: "owner_id", link: "id", isMany: true, isText: true),
        SimulatedRelationship(
            name: "pets.owner", table: "owners", match: "id", link: "owner_id", isMany: false, isText: true),
    ]
}
