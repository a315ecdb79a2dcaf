/// The commented example configuration and the listing of settings, both made from the records.
package enum ExampleFile {
    package static func render() -> String {
        let head = """
            # Configuration of kindred. A line that begins with #name shows a default or an example.
            # Settings marked (restart) are not applied by a reload. Check a file with: kindred check --config FILE

            """
        let groups = SettingRecord.groups.map { group in
            let settings = SettingRecord.all.filter { $0.group == group }.map(entry)
            return "\n[\(group)]\n" + settings.joined() + (group == "batching" ? batching : "")
        }
        return head + groups.joined() + relationships
    }

    /// One line for each setting: name, type, default and what it is.
    package static func listing() -> String {
        SettingRecord.all.map { record in
            let value = record.defaultLiteral.map { " = \($0)" } ?? ""
            return "\(record.path)\(value)  (\(detail(record)))\n    \(record.sentence)\n"
        }.joined()
    }

    private static func entry(_ record: SettingRecord) -> String {
        let value = record.example ?? record.defaultLiteral ?? ""
        let line = "\(record.isSetInExample ? "" : "#")\(record.name) = \(value)\n"
        return "# \(record.sentence)\n# (\(detail(record)))\n" + line
    }

    private static func detail(_ record: SettingRecord) -> String {
        let unit = record.unit.map { ", in \($0)" } ?? ""
        return record.expected + unit + (record.isReloadable ? "" : "; restart")
    }

    private static let batching = """
        # What differs for one relationship.
        #[batching."authors.books"]
        #window_ms = 5.0
        #max_keys = 128
        #priority = 1                         # -10 to 10; each step goes ahead like 10 ms of waiting

        # How many times as many keys as others a client of that user may have in a query, when there are more than fit:
        # 1 to 64, for connections over the Unix socket that begin afterwards.
        #[batching.client_weights]
        #www-data = 4

        """

    private static let relationships = """

        # Relationships that no foreign key states, each in a table of its own. A name with a dot goes in backticks.
        #[relationships."authors.bestsellers"]
        #from = "authors.id"                  # the parent's side; for a composite key a list
        #to = "books.author_id"               # the related side
        #kind = "many"                        # "many" or "one"
        #columns = ["id", "title"]            # default: all
        #order = ["-sold", "id"]              # "-" is descending; default: the related primary key
        #
        #[relationships."books.tags"]
        #from = "books.id"
        #to = "tags.id"
        #kind = "many"
        #through = { table = "book_tags", from = "book_id", to = "tag_id" }
        #distinct = true                      # a pair that the join table holds twice counts once
        #
        #[relationships."authors.readers"]
        #from = "authors.id"
        #to = "customers.email"
        #kind = "many"
        #through = [                          # several tables: from equals the key or the to before it, to leads on
        #  { table = "books", from = "author_id", to = "id" },
        #  { table = "reviews", from = "book_id", to = "customer_email" },
        #]
        #distinct = true
        #
        #[relationships."books.comments"]
        #from = "books.id"
        #to = "comments.owner_id"
        #kind = "many"
        #fixed = { "comments.owner_type" = "book" }  # part of every query

        """
}
