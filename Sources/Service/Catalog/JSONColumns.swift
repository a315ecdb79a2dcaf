import MariaDB
import Relations

/// The columns that hold JSON documents where JSON is not a type of its own: MariaDB's `JSON` is a `LONGTEXT`
/// whose check is ``json_valid(`column`)``, and the server says of a result's columns that they are JSON.
/// https://mariadb.com/kb/en/json-data-type/
struct JSONColumns {
    private var names: Set<[String]> = []

    func contains(table: String, column: String) -> Bool { names.contains([table, column]) }

    // MARK: Tables

    /// - Parameter rows: the table and the clause of each check, see `Dialect.jsonChecks`.
    init(rows: [[String?]]) {
        for row in rows.map({ $0.compactMap { $0 } }) where row.count == 2 {
            if let column = Self.column(checkedBy: row[1]) { names.insert([row[0], column]) }
        }
    }

    /// ``json_valid(`it``s`)`` is about the column ``it`s``; of any longer clause nil.
    static func column(checkedBy clause: String) -> String? {
        let (head, tail) = ("json_valid(`", "`)")
        guard clause.hasPrefix(head), clause.hasSuffix(tail), clause.count > head.count + tail.count else {
            return nil
        }
        let quoted = String(clause.dropFirst(head.count).dropLast(tail.count))
        let name = quoted.replacing("``", with: "\0")
        return name.contains("`") ? nil : name.replacing("\0", with: "`")
    }

    // MARK: Views

    /// A view's columns have no checks: the server is asked what it would say of its rows. The statement is
    /// not run, because even with `LIMIT 0` the server evaluates what it takes for constant. A view that is
    /// broken has no such columns; loads from it get the server's error.
    init(of views: [String], _ client: BlockingClient, database: String) throws(DatabaseError) {
        let qualifier = SQLIdentifier.quoted(database)
        for view in views {
            do throws(DatabaseError) {
                let columns = try client.describe(
                    "SELECT * FROM \(qualifier).\(SQLIdentifier.quoted(view))")
                for column in columns where column.isJSON { names.insert([view, column.name]) }
            } catch {
                // A table behind it is locked: what is not known now is not taken for text.
                guard error.kind == .statement, error.errno != ErrorNumber.lockWaitTimeout else {
                    throw error
                }
            }
        }
    }
}
