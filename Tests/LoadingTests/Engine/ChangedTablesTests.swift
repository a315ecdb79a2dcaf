import Batching
import Relations
import Testing
import Time

@testable import Loading

/// Whether an error that tells of a changed table passes by itself.
@Suite final class ChangedTablesTests {
    private static let missing = "1054 (42S22): Unknown column 't.title' in 'SELECT'"
    private static let other = "1146 (42S02): Table 'shop.books' doesn't exist"

    private let catalog = SimulatedTables.catalog
    private var tables = ChangedTables()
    private var now = Instant.zero

    private var books: Relationship {
        get throws { try #require(catalog.relationships.first { $0.name == "authors.books" }) }
    }

    /// Sends a query that fails after a second.
    /// - Returns: whether the load is told to try again.
    private func fail(_ message: String = missing) throws -> Bool {
        let sent = now
        now += .seconds(1)
        return tables.met(try books, message, sent: sent, at: now)
    }

    private func readCatalog(_ catalog: Catalog? = nil) {
        let began = now
        now += .seconds(1)
        tables.catalogRead(catalog ?? self.catalog, began: began, at: now)
    }

    /// A catalog in which authors have no books.
    private var changed: Catalog {
        Catalog(relationships: catalog.relationships.filter { $0.name != "authors.books" })
    }

    @Test func `what comes back after a catalog without news does not pass by itself`() throws {
        #expect(try fail() && fail(), "the catalog has not been read yet")
        readCatalog()
        #expect(try !fail() && !fail())
        readCatalog()
        #expect(try !fail())
    }

    @Test func `a query that was sent before the catalog had been read says nothing new`() throws {
        #expect(try fail())
        let sent = now
        readCatalog()
        let isRetryable = tables.met(try books, Self.missing, sent: sent, at: now)
        #expect(isRetryable)
    }

    @Test func `a reading that began before the error says nothing of it`() throws {
        let began = now
        #expect(try fail())
        tables.catalogRead(catalog, began: began, at: now)
        #expect(try fail())
    }

    @Test func `a catalog with news may have made it well`() throws {
        #expect(try fail())
        readCatalog(changed)
        #expect(tables.isEmpty)
        readCatalog()
        #expect(try fail())
    }

    @Test func `another error of the same relationship is news`() throws {
        #expect(try fail())
        readCatalog()
        #expect(try fail(Self.other) && !fail())
        readCatalog()
        #expect(try !fail(Self.other))
    }

    @Test func `a catalog that cannot be read is not waited for without an end`() throws {
        #expect(try fail())
        now += .seconds(20)
        #expect(try fail())
        now += .seconds(20)
        #expect(try !fail())
    }

    @Test func `an answer long after the error shows that it is over, and one soon after does not`()
        throws
    {
        #expect(try fail())
        readCatalog()
        // It may be to a load of other columns.
        tables.answered(try books, at: now)
        #expect(try !fail())
        now += .seconds(61)
        tables.answered(try books, at: now)
        #expect(try fail())
    }

    @Test func `the same rows by the parent's key are a relationship of the catalog as well`() throws {
        let author = try #require(catalog.relationships.first { $0.name == "books.author" })
        let viaParent = try #require(author.viaParent)
        #expect(viaParent != author)
        let before = tables.met(viaParent, Self.missing, sent: now, at: now)
        readCatalog()
        let after = tables.met(viaParent, Self.missing, sent: now, at: now)
        #expect(before && !after)
    }
}
