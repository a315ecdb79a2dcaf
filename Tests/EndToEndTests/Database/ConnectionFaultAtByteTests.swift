import Demo
import LineClient
import PrivateServer
import TestSupport
import Testing

/// The connection to the database fails at a byte: in the greeting, between columns, within a row.
@Suite struct ConnectionFaultAtByteTests {
    private static let positions = [0, 3, 40, 200, 1500, 5000]
    private static let actions: [(String, FaultProxy.Action)] = [
        ("silence", .silence), ("end", .close), ("garbage", .garbage),
    ]
    /// The errors that loads may get while the database cannot be reached.
    private static let codes: Set<String> = ["database_unavailable", "timeout", "overloaded"]

    @Test(arguments: actions, positions)
    func
        `when the database connection breaks at any byte, each request has one reply, complete or an error`(
            _ fault: (name: String, action: FaultProxy.Action), _ position: Int
        ) throws
    {
        let shop = try BookshopFixture()
        let expected = try shop.bookIDs()
        let proxy = try FaultProxy(to: shop.server, marker: "`books`")
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            // The first lines belong to [database].
            settings: "connect_timeout_s = 1\nstatement_timeout_s = 1\n[catalog]\nrefresh_s = 0",
            databaseAddress: "host = \"127.0.0.1\"\nport = \(proxy.port)")
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
        let before = try daemon.openFiles()
        proxy.inject(fault.action, at: .byte(position))
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
        #expect(proxy.injections > 0, "no fault was injected")
        #expect(try position > 200 || daemon.stat("errors") != 0)
        proxy.passEverything()
        try eventually("all connections are up again") {
            try daemon.stat("connections") == 4 && daemon.stat("in_flight") == 0
        }
        for id in 1...30 {
            #expect(
                try JSONValue(client.ask(#"{"id":\#(id),"load":"authors.books","key":\#(id)}"#)).rowIDs
                    == expected["\(id)", default: []])
        }
        try daemon.waitForClosedFiles(before, extra: 1)
    }
}
