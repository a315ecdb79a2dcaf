import Relations
import TestSupport
import Testing

@Suite struct DiscoveryTests {
    @Test func `a foreign key gives both directions`() throws {
        let found = discover(
            [table("authors", ["id"]), table("books", ["id", "author_id"])],
            [foreignKey("books", ["author_id"], "authors")])
        #expect(Set(found.keys) == ["books.author", "authors.books"])
        let one = try #require(found["books.author"])
        #expect(one.kind == .one && one.table == "authors" && one.key.map(\.name) == ["author_id"])
        #expect(one.matchedColumns.map(\.name) == ["id"] && one.isAtMostOne)
        let many = try #require(found["authors.books"])
        #expect(many.kind == .many && many.table == "books" && many.key.map(\.name) == ["id"])
        #expect(many.matchedColumns.map(\.name) == ["author_id"] && !many.isAtMostOne)
        #expect(many.order == [OrderTerm(column: "id")])
    }

    @Test(arguments: [
        ("authorId", "author"), ("authorID", "author"), ("author_id", "author"), ("writer", "writer_authors"),
    ])
    func `a relationship is named after the column without its ending, unless a column has that name`(
        column: String, name: String
    ) {
        let found = discover(
            [table("authors", ["id"]), table("books", ["id", column])],
            [foreignKey("books", [column], "authors")])
        #expect(Set(found.keys) == ["books.\(name)", "authors.books"])
    }

    @Test func `a relationship whose name a column has gets a longer one`() {
        let found = discover(
            [table("authors", ["id", "books"]), table("books", ["id", "author_id", "author"])],
            [foreignKey("books", ["author_id"], "authors")])
        #expect(Set(found.keys) == ["books.author_id_authors", "authors.books_by_author"])
    }

    @Test func `a foreign key that is unique in the child gives one to one`() throws {
        let found = discover(
            [table("users", ["id"]), table("profiles", ["id", "user_id"], unique: [["user_id"]])],
            [foreignKey("profiles", ["user_id"], "users")])
        #expect(try #require(found["users.profiles"]).kind == .one)
        #expect(try #require(found["users.profiles"]).isAtMostOne)
    }

    @Test func `two foreign keys between the same tables give relationships with different names`() {
        let found = discover(
            [table("users", ["id"]), table("messages", ["id", "sender_id", "recipient_id"])],
            [
                foreignKey("messages", ["recipient_id"], "users"),
                foreignKey("messages", ["sender_id"], "users"),
            ])
        #expect(
            Set(found.keys) == [
                "messages.sender", "messages.recipient", "users.messages_by_sender",
                "users.messages_by_recipient",
            ])
    }

    @Test func `a table may refer to itself`() throws {
        let found = discover(
            [table("reviews", ["id", "reply_to_id"])], [foreignKey("reviews", ["reply_to_id"], "reviews")])
        #expect(Set(found.keys) == ["reviews.reply_to", "reviews.reviews"])
        #expect(try #require(found["reviews.reviews"]).matchedColumns.map(\.name) == ["reply_to_id"])
    }

    @Test func `a composite foreign key is named after the parent's table`() throws {
        let found = discover(
            [
                table("orders", ["year", "number"], key: ["year", "number"]),
                table("lines", ["id", "order_year", "order_number"]),
            ], [foreignKey("lines", ["order_year", "order_number"], "orders", ["year", "number"])])
        #expect(Set(found.keys) == ["lines.orders", "orders.lines"])
        #expect(try #require(found["lines.orders"]).key.map(\.name) == ["order_year", "order_number"])
    }

    @Test func `a join table gives many to many both ways`() throws {
        let found = discover(
            [
                table("books", ["id"]), table("tags", ["id"]),
                table("book_tags", ["book_id", "tag_id"], key: ["tag_id", "book_id"]),
            ], [foreignKey("book_tags", ["book_id"], "books"), foreignKey("book_tags", ["tag_id"], "tags")])
        let tags = try #require(found["books.tags"])
        #expect(tags.matchedColumns.map(\.name) == ["book_id"] && tags.table == "tags")
        #expect(
            tags.hops.map(\.table) == ["book_tags"] && tags.hops[0].near.map(\.name) == ["book_id"]
                && tags.hops[0].far.map(\.name) == ["tag_id"]
                && tags.targets.map(\.name) == ["id"]
                && !tags.isDistinct)
        #expect(
            found["tags.books"] != nil && found["books.book_tags"] != nil && found["book_tags.book"] != nil)
    }

    @Test func `a table whose primary key has a third column is no join table`() {
        let found = discover(
            [
                table("books", ["id"]), table("tags", ["id"]),
                table("book_tags", ["book_id", "tag_id", "n"], key: ["book_id", "tag_id", "n"]),
            ], [foreignKey("book_tags", ["book_id"], "books"), foreignKey("book_tags", ["tag_id"], "tags")])
        #expect(found["books.tags"] == nil)
    }

    @Test func `a join table between a table and itself gives relationships named after the far side`() throws
    {
        let found = discover(
            [
                table("users", ["id"]),
                table("follows", ["follower_id", "followee_id"], key: ["follower_id", "followee_id"]),
            ],
            [
                foreignKey("follows", ["follower_id"], "users"),
                foreignKey("follows", ["followee_id"], "users"),
            ])
        #expect(
            try #require(found["users.followee_via_follows"]).matchedColumns.map(\.name) == ["follower_id"])
        #expect(
            try #require(found["users.follower_via_follows"]).matchedColumns.map(\.name) == ["followee_id"])
    }

    @Test func `a many-to-many gives way to a direct foreign key of the same name`() {
        let found = discover(
            [
                table("books", ["id", "main_tag_id"]), table("tags", ["id", "origin_id"]),
                table("book_tags", ["book_id", "tag_id"], key: ["book_id", "tag_id"]),
            ],
            [
                foreignKey("book_tags", ["book_id"], "books"), foreignKey("book_tags", ["tag_id"], "tags"),
                foreignKey("tags", ["origin_id"], "books"),
            ])
        #expect(found["books.tags"]?.hops == [])
        #expect(found["books.tags_via_book_tags"]?.hops.count == 1)
    }

    @Test func `a name that is in use in all its forms gets a number`() {
        let found = discover(
            [table("a", ["id"]), table("b", ["id", "a_id", "a", "a_id_a"])], [foreignKey("b", ["a_id"], "a")])
        #expect(found["b.a_id_a_2"] != nil)
    }

    @Test func `a table name with a dot is written in backticks`() {
        let found = discover(
            [table("odd.authors", ["id"]), table("bo`oks", ["id", "author_id"])],
            [foreignKey("bo`oks", ["author_id"], "odd.authors")])
        #expect(Set(found.keys) == ["`bo``oks`.author", "`odd.authors`.`bo``oks`"])
    }

    @Test func `a foreign key to a column that cannot be a key gives no relationship`() {
        let parent = Table(name: "p", columns: [column("id", .json)], primaryKey: [], uniqueKeys: [])
        let child = Table(name: "c", columns: [column("p_id", .json)], primaryKey: [], uniqueKeys: [])
        #expect(discover([parent, child], [foreignKey("c", ["p_id"], "p")]).isEmpty)
    }

    @Test(arguments: UInt64(0)..<100)
    func `the same schema gives the same names in whatever order it is read`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let tables = (0..<5).map {
            table("t\($0)", ["id", "a_id", "b_id", "aId", "a", "t1"], key: ["a_id", "b_id"])
        }
        var keys: [ForeignKey] = []
        for _ in 0..<12 {
            let columns = ["a_id", "b_id", "aId", "a"].shuffled(using: &random).prefix(1)
            let names = tables.map(\.name)
            keys.append(
                foreignKey(
                    names.randomElement(using: &random)!, Array(columns), names.randomElement(using: &random)!
                ))
        }
        let first = Discovery.relationships(of: schema(tables, keys))
        let again = Discovery.relationships(of: schema(tables.reversed(), keys.shuffled(using: &random)))
        #expect(first == again)
        #expect(Set(first.map(\.name)).count == first.count)
    }
}
