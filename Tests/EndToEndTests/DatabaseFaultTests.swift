import Demo
import LineClient
import PrivateServer
import TestSupport
import Testing

/// The way to the database breaks at any place: in a greeting, among the columns, in the middle of a row.
@Suite struct DatabaseFaultTests {
    private static let places = [0, 3, 40, 200, 1500, 5000]
    private static let deeds: [(String, Meddler.Deed)] = [
        ("silence", .silence), ("end", .close), ("garbage", .garbage),
    ]
    /// Only these may be said of a database that is not to be reached.
    private static let codes: Set<String> = ["database_unavailable", "timeout", "overloaded"]

    @Test(arguments: deeds, places)
    func
        `the way to the database breaks: each request has one reply, whole or an error, and later all is well`(
            _ fault: (name: String, deed: Meddler.Deed), _ place: Int
        ) throws
    {
        let shop = try BookshopFixture()
        let expected = try shop.bookIDs()
        let wire = try Meddler(to: shop.server, marker: "`books`")
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            // What stands first belongs to [database].
            settings: "connect_timeout_s = 1\nstatement_timeout_s = 1\n[catalog]\nrefresh_s = 0",
            databasePlace: "host = \"127.0.0.1\"\nport = \(wire.port)")
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
        let before = try daemon.openFiles()
        wire.order(fault.deed, at: .byte(place))
        let client = try daemon.client()
        for id in 1...30 {
            try client.send(#"{"id":\#(id),"load":"authors.books","key":\#(id),"timeout_ms":300}"#)
        }
        var ids: Set<Int> = []
        for _ in 1...30 {
            let reply = try JSONValue(client.receive() ?? "")
            let id = try #require(reply["id"]?.number.flatMap { Int($0) }, "\(reply)")
            #expect(ids.insert(id).inserted, "a second reply: \(reply)")
            let isRight = reply.rowIDs == expected["\(id)", default: []]
            #expect(isRight || Self.codes.contains(reply.errorCode ?? ""), "\(reply)")
        }
        #expect(wire.deeds > 0, "the wire was never broken")
        #expect(try place > 200 || daemon.stat("errors") != 0)
        wire.allowAll()
        try eventually("all connections are up again") {
            try daemon.stat("connections") == 4 && daemon.stat("in_flight") == 0
        }
        for id in 1...30 {
            #expect(
                try JSONValue(client.ask(#"{"id":\#(id),"load":"authors.books","key":\#(id)}"#)).rowIDs
                    == expected["\(id)", default: []])
        }
        try eventually("no descriptor is left") { try daemon.openFiles() <= before + 1 }
    }
}
