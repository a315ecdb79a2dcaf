import Demo
import MariaDB
import PrivateServer
import TestSupport

/// A bookshop and a daemon in front of it.
struct BookshopFixture {
    let server: PrivateServer
    let database: String
    let daemon: DaemonUnderTest

    /// - Parameter server: a server for a test that counts queries or stops it; nil for the shared one.
    init(_ server: PrivateServer? = nil, settings: String = "", environment: [String: String] = [:]) throws {
        if let server {
            self.server = server
            database = "shop"
            try server.client().execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
        } else {
            self.server = try SharedServer.server
            database = try SharedServer.freshDatabase(named: "shop")
        }
        try self.server.client(database: database).executeScript(Bookshop.script)
        daemon = try DaemonUnderTest(
            self.server, database: database, settings: settings, environment: environment)
    }

    func queriesOfTheServer() throws -> Int {
        let rows = try server.client().strings("SHOW GLOBAL STATUS LIKE 'Questions'")
        return Int(rows.first?[1] ?? "") ?? 0
    }

    /// Returns the ids of every author's books, by the author's id, from the database itself.
    func bookIDs() throws -> [String: [String]] {
        let rows = try server.client(database: database).strings(
            "SELECT author_id, id FROM books ORDER BY id"
        )
        .map { $0.compactMap { $0 } }
        return Dictionary(grouping: rows) { $0[0] }.mapValues { $0.map { $0[1] } }
    }
}

extension JSONValue {
    /// The ids of the rows of a reply.
    var rowIDs: [String]? { self["rows"]?.elements.compactMap { $0["id"]?.number } }

    var errorCode: String? { self["error"]?["code"]?.text }

    var errorMessage: String { self["error"]?["message"]?.text ?? "" }
}

extension JSONValue {
    /// The ids of a list of rows.
    var ids: [String] { elements.compactMap { $0["id"]?.number } }

    /// The ids of the rows of each of a reply's `results`.
    var resultIDs: [[String]] { self["results"]?.elements.map(\.ids) ?? [] }
}

extension JSONValue? {
    /// The ids of a list of rows; one that no row has if there is no list.
    var ids: [String] { self?.ids ?? ["no rows"] }
}
