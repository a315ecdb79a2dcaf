import LineClient
import PrivateServer
import TestSupport
import Testing

/// The connection to the database is closed, or falls silent, at one moment of the protocol.
@Suite struct ConnectionFaultTests {
    private static let connecting: [FaultProxy.Moment] = [.greeting, .midGreeting, .login]
    private static let endings: [FaultProxy.Action] = [.close, .reset]
    /// Short timeouts, so that a silent connection is soon found.
    private static let shortTimeouts = "connect_timeout_s = 1\nstatement_timeout_s = 1"

    private static func expect(_ outcomes: [String: Int], only excuses: Set<String>) {
        #expect(excuses.union(["rows"]).isSuperset(of: outcomes.keys), "\(outcomes)")
    }

    @Test(arguments: [FaultProxy.Moment.answer, .rows], endings)
    func `a query whose connection is lost before the first row is sent again without an error`(
        _ moment: FaultProxy.Moment, _ ending: FaultProxy.Action
    ) throws {
        let shop = try ProxiedBookshop()
        shop.proxy.inject(ending, at: moment, times: 1)
        #expect(try shop.outcomes() == ["rows": 20])
        #expect(shop.proxy.injections == 1)
        try shop.expectRecovery()
    }

    @Test(arguments: [FaultProxy.Moment.midRows, .end], endings)
    func `a connection lost between rows or before the end of the result is an error`(
        _ moment: FaultProxy.Moment, _ ending: FaultProxy.Action
    ) throws {
        let shop = try ProxiedBookshop()
        shop.proxy.inject(ending, at: moment)
        #expect(try shop.outcomes() == ["database_unavailable": 20])
        shop.proxy.passEverything()
        try shop.expectRecovery()
    }

    @Test(arguments: connecting, endings)
    func `a server that closes every new connection is tried again until it accepts one`(
        _ moment: FaultProxy.Moment, _ ending: FaultProxy.Action
    ) throws {
        let shop = try ProxiedBookshop()
        shop.proxy.inject(ending, at: moment)
        shop.proxy.resetConnections()
        try eventually("every connection has failed twice") {
            Self.expect(try shop.outcomes(), only: ["database_unavailable"])
            return shop.proxy.injections >= 2 * ProxiedBookshop.connections
        }
        #expect(try shop.outcomes() == ["database_unavailable": 20])
        shop.proxy.passEverything()
        try shop.expectRecovery()
    }

    @Test func `failed attempts to connect fail no load while another attempt may succeed`() throws {
        let shop = try ProxiedBookshop()
        shop.proxy.inject(.hold, at: .answer)
        try shop.client.send(#"{"id":1,"load":"authors.books","key":1}"#)
        try eventually("the answer is held") { shop.proxy.injections == 1 }
        shop.proxy.inject(.close, at: .login, times: ProxiedBookshop.connections - 1)
        shop.proxy.resetConnections()
        let reply = try JSONValue(shop.client.ask())
        #expect(reply.rowIDs == shop.expected["1"], "\(reply)")
        try shop.expectRecovery()
    }

    // The shops wait at the same time.
    @Test func `a server that falls silent during the login costs loads no more than their timeout`() throws {
        let shops = try Self.connecting.map { moment in
            let shop = try ProxiedBookshop(settings: Self.shortTimeouts)
            shop.proxy.inject(.silence, at: moment)
            shop.proxy.resetConnections()
            return shop
        }
        for shop in shops {
            try eventually("every connection has timed out once") {
                Self.expect(
                    try shop.outcomes(1...20, #","timeout_ms":200"#),
                    only: ["timeout", "database_unavailable"])
                return shop.proxy.injections > ProxiedBookshop.connections
            }
        }
        for shop in shops { shop.proxy.passEverything() }
        for shop in shops { try shop.expectRecovery() }
    }

    @Test func `a server that falls silent in its answer costs loads no more than their timeout`() throws {
        let shops = try [FaultProxy.Moment.answer, .rows, .midRows, .end].map { moment in
            let shop = try ProxiedBookshop(settings: Self.shortTimeouts)
            shop.proxy.inject(.silence, at: moment)
            try eventually("the query has reached the server in time") {
                let outcomes = try shop.outcomes(1...20, #","timeout_ms":200"#)
                #expect(outcomes == ["timeout": 20])
                return shop.proxy.injections > 0
            }
            shop.proxy.passEverything()
            return shop
        }
        for shop in shops { try shop.expectRecovery() }
    }

    @Test(arguments: [FaultProxy.Moment.answer, .rows, .midRows, .end])
    func `an answer that comes after its loads have timed out reaches no other load`(
        _ moment: FaultProxy.Moment
    ) throws {
        let shop = try ProxiedBookshop()
        shop.proxy.inject(.hold, at: moment)
        try eventually("the query has reached the server in time") {
            let outcomes = try shop.outcomes(1...20, #","timeout_ms":100"#)
            #expect(outcomes == ["timeout": 20])
            return shop.proxy.injections > 0
        }
        shop.proxy.inject(.hold, at: moment, times: 0)
        try shop.client.send(#"{"id":21,"load":"authors.books","key":21}"#)
        shop.proxy.passEverything()
        #expect(try JSONValue(shop.client.ask()).rowIDs == shop.expected["21"])
        try shop.expectRecovery()
    }

    @Test func `a server whose bytes arrive one at a time is understood`() throws {
        let shop = try ProxiedBookshop()
        shop.proxy.inject(.trickle, at: .greeting)
        shop.proxy.resetConnections()
        try eventually("all connections are slow ones") {
            Self.expect(try shop.outcomes(), only: ["database_unavailable"])
            return try shop.proxy.injections >= ProxiedBookshop.connections
                && shop.client.stat("connections") == ProxiedBookshop.connections
        }
        #expect(try shop.outcomes() == ["rows": 20])
        shop.proxy.passEverything()
        try shop.expectRecovery()
    }
}
