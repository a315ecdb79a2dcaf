import Configuration
import MariaDB
import PrivateServer
import Reactor
import Relations
import TestSupport
import Testing

@testable import Service

struct CatalogRefresherTests {
    private let loop: EventLoop
    private let refresher: CatalogRefresher
    private let database: String

    init() throws {
        database = try SharedServer.freshDatabase(named: "refresher")
        var settings = Settings()
        settings.database.socket = try SharedServer.server.socketPath
        settings.database.user = "root"
        settings.database.name = database
        loop = try EventLoop()
        refresher = try CatalogRefresher(settings, loop: loop)
    }

    private func finding() throws -> CatalogRefresher.BuiltCatalog {
        var reading: CatalogRefresher.Reading?
        refresher.onReading = { reading = $0 }
        refresher.refresh()
        loop.wait { reading != nil }
        return try #require(reading).result.get()
    }

    private func add(_ table: String) throws {
        try SharedServer.server.client(database: database).execute(
            """
            CREATE TABLE \(table) (
              id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES \(table) (id))
            """
        )
    }

    @Test func `a schema that is as it was is no news, and one that has changed is`() throws {
        let empty = try finding()
        #expect(empty.isNews && empty.catalog.relationships.isEmpty, "the first is")
        refresher.served = empty.catalog
        #expect(try !finding().isNews)
        try add("parts")
        let one = try finding()
        #expect(one.isNews && one.catalog.relationships.map(\.name) == ["parts.parent", "parts.parts"])
        refresher.served = one.catalog
        let again = try finding()
        #expect(!again.isNews && again.catalog == one.catalog)
    }
}
