import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What the log has for somebody who looks for the cause of slow loads.
@Suite struct LogLevelTests {
    private static let load = #"{"load":"authors.books","keys":[1,2,3]}"#

    private func shop(_ level: String) throws -> BookshopFixture {
        try BookshopFixture(PrivateServer(), settings: "[service]\nlog_level = \"\(level)\"")
    }

    @Test func `at debug the log has queries, kills and connections`()
        throws
    {
        let shop = try shop("debug")
        let client = try shop.daemon.client()
        try shop.daemon.waitForLog("debug: connected to the database connection=")
        #expect(try JSONValue(client.ask(Self.load))["results"] != nil)
        try shop.daemon.waitForLog("debug: query sent ")
        try shop.daemon.waitForLog("debug: query ended ")
        let lines = shop.daemon.log.split(separator: "\n")
        let sent = try #require(lines.first { $0.contains("query sent") })
        for part in [
            " connection=", " keys=3", " relationship=authors.books", " released_by=idle", " queued_us=",
        ] {
            #expect(sent.contains(part), "\(sent)")
        }
        let ended = try #require(lines.first { $0.contains("query ended") })
        for part in [
            " connection=", " outcome=complete", " relationship=authors.books", " rows=", " took_us=",
        ] {
            #expect(ended.contains(part), "\(ended)")
        }
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let late = try JSONValue(client.ask(#"{"load":"authors.books","key":4,"timeout_ms":50}"#))
        #expect(late.errorCode == "timeout")
        try shop.daemon.waitForLog("debug: a request has timed out ")
        try shop.daemon.waitForLog("debug: a query that nobody waits for is stopped ")
        try shop.daemon.waitForLog("debug: the server was asked to stop the query ")
        shop.server.kill()
        try shop.daemon.waitForLog("debug: a connection was lost ")
        try shop.daemon.waitForLog("debug: no connection came about ")
        #expect(!shop.daemon.log.contains("SELECT"), "the statements are for trace")
    }

    @Test func `at trace the log has the statements too, and at info no query`() throws {
        let traced = try shop("trace")
        #expect(try traced.daemon.ask(Self.load)["results"] != nil)
        try traced.daemon.waitForLog("trace: statement: SELECT ")
        let quiet = try shop("info")
        #expect(try quiet.daemon.ask(Self.load)["results"] != nil)
        quiet.daemon.signal(SIGTERM)
        #expect(quiet.daemon.waitForExit() == 0)
        try quiet.daemon.waitForLog("stopped")
        #expect(!quiet.daemon.log.contains("query"), "\(quiet.daemon.log)")
        #expect(!quiet.daemon.log.contains(" debug: "), "\(quiet.daemon.log)")
    }
}
