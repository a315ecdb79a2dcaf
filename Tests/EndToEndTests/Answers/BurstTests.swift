import Demo
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

@Suite struct BurstTests {
    private static let connections = 64
    private static let requests = 10_000

    @Test func `10,000 requests of 64 clients get one right reply each, with far fewer queries`() throws {
        let shop = try BookshopFixture(PrivateServer())
        let expected = try shop.bookIDs()
        let before = try Self.selects(shop)
        let complaints = inParallel(Self.connections) { number in
            let client = try shop.daemon.client()
            let ids = Array(stride(from: number, to: Self.requests, by: Self.connections))
            let lines = ids.map {
                #"{"id":\#($0),"load":"authors.books","key":\#(1 + $0 % Bookshop.authors)}"# + "\n"
            }
            try client.send(Array(lines.joined().utf8))
            return try Self.complaints(client, owed: Set(ids), expected)
        }
        #expect(complaints.isEmpty, "\(complaints.prefix(10))")
        let queries = try Self.selects(shop) - before
        #expect(queries < 2_500)
    }

    /// Reads all replies up to the end of the connection, so that a second reply to a request is found.
    private static func complaints(
        _ client: LineClient, owed: Set<Int>, _ expected: [String: [String]]
    ) throws -> [String] {
        var owed = owed
        var complaints: [String] = []
        client.finishSending()
        while let line = try client.receive() {
            let reply = try JSONValue(line)
            guard let id = reply["id"]?.number.flatMap({ Int($0) }), owed.remove(id) != nil else {
                complaints.append("a reply that nobody is owed: \(line.prefix(200))")
                continue
            }
            if reply.rowIDs != expected["\(1 + id % Bookshop.authors)", default: []] {
                complaints.append("wrong rows: \(line.prefix(300))")
            }
        }
        return complaints + owed.map { "no reply to \($0)" }
    }

    private static func selects(_ shop: BookshopFixture) throws -> Int {
        let rows = try shop.server.client().strings("SHOW GLOBAL STATUS LIKE 'Com_select'")
        return Int(rows.first?[1] ?? "") ?? 0
    }
}
