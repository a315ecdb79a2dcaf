import Demo
import LineClient
import PrivateServer
import TestSupport
import Testing

/// A database behind a slow network.
@Suite struct NetworkLatencyTests {
    @Test func `with a database 5 ms away more queries are in flight at a time, and every answer is right`()
        throws
    {
        let shop = try BookshopFixture()
        let proxy = try LatencyProxy(to: shop.server.socketPath, microseconds: 5_000)
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database, databaseAddress: "socket = \"\(proxy.path)\"")
        let expected = try shop.bookIDs()
        // The limit begins at 2, and there are 4 connections. On a busy machine it takes longer to rise.
        try eventually("more than 2 queries are in flight", within: .seconds(120)) {
            let complaints = inParallel(64) { number in
                let client = try daemon.client()
                return try (0..<20).compactMap { step -> String? in
                    let author = 1 + (number * 20 + step) % Bookshop.authors
                    let reply = try client.ask(#"{"load":"authors.books","key":\#(author)}"#)
                    let isRight = try JSONValue(reply).rowIDs == expected["\(author)", default: []]
                    return isRight ? nil : "author \(author): \(reply.prefix(200))"
                }
            }
            #expect(complaints.isEmpty, "\(complaints.prefix(5))")
            return try daemon.stat("in_flight_limit") ?? 0 > 2
        }
    }
}
