import LineClient
import PrivateServer
import TestSupport
import Testing

/// A connection to the database is cut, or falls silent, at one moment of its protocol.
@Suite struct DatabaseMomentTests {
    private static let connecting: [Meddler.Moment] = [.greeting, .amidGreeting, .login]
    private static let endings: [Meddler.Deed] = [.close, .reset]
    /// Short, so that a lost connection is soon found out.
    private static let impatience = "connect_timeout_s = 1\nstatement_timeout_s = 1"

    private static func expect(_ outcomes: [String: Int], only excuses: Set<String>) {
        #expect(excuses.union(["rows"]).isSuperset(of: outcomes.keys), "\(outcomes)")
    }

    @Test(arguments: [Meddler.Moment.answer, .rows], endings)
    func `a connection that is lost before the first row costs nobody anything`(
        _ moment: Meddler.Moment, _ ending: Meddler.Deed
    ) throws {
        let shop = try MeddledShop()
        shop.meddler.order(ending, at: moment, times: 1)
        #expect(try shop.outcomes() == ["rows": 20])
        #expect(shop.meddler.deeds == 1)
        try shop.expectRecovery()
    }

    @Test(arguments: [Meddler.Moment.amidRows, .end], endings)
    func `a connection that is lost among the rows, or after the last one, is an error and never their end`(
        _ moment: Meddler.Moment, _ ending: Meddler.Deed
    ) throws {
        let shop = try MeddledShop()
        shop.meddler.order(ending, at: moment)
        #expect(try shop.outcomes() == ["database_unavailable": 20])
        shop.meddler.allowAll()
        try shop.expectRecovery()
    }

    @Test(arguments: connecting, endings)
    func `a server that hangs up on whoever comes is tried again until it does not`(
        _ moment: Meddler.Moment, _ ending: Meddler.Deed
    ) throws {
        let shop = try MeddledShop()
        shop.meddler.order(ending, at: moment)
        shop.meddler.cut()
        try eventually("every connection has failed twice") {
            Self.expect(try shop.outcomes(), only: ["database_unavailable"])
            return shop.meddler.deeds >= 2 * MeddledShop.connections
        }
        #expect(try shop.outcomes() == ["database_unavailable": 20])
        shop.meddler.allowAll()
        try shop.expectRecovery()
    }

    @Test func `attempts to connect that fail cost nobody anything while another one may succeed`() throws {
        let shop = try MeddledShop()
        shop.meddler.order(.hold, at: .answer)
        try shop.client.send(#"{"id":1,"load":"authors.books","key":1}"#)
        try eventually("the answer is held") { shop.meddler.deeds == 1 }
        shop.meddler.order(.close, at: .login, times: MeddledShop.connections - 1)
        shop.meddler.cut()
        let reply = try JSONValue(shop.client.ask())
        #expect(reply.rowIDs == shop.expected["1"], "\(reply)")
        try shop.expectRecovery()
    }

    // Their waits overlap.
    @Test func `a server that falls silent on whoever comes costs requests their time only`() throws {
        let shops = try Self.connecting.map { moment in
            let shop = try MeddledShop(settings: Self.impatience)
            shop.meddler.order(.silence, at: moment)
            shop.meddler.cut()
            return shop
        }
        for shop in shops {
            try eventually("every connection has been given up once") {
                Self.expect(
                    try shop.outcomes(1...20, #","timeout_ms":200"#),
                    only: ["timeout", "database_unavailable"])
                return shop.meddler.deeds > MeddledShop.connections
            }
        }
        for shop in shops { shop.meddler.allowAll() }
        for shop in shops { try shop.expectRecovery() }
    }

    @Test func `a server that falls silent in its answer costs requests their time only`() throws {
        let shops = try [Meddler.Moment.answer, .rows, .amidRows, .end].map { moment in
            let shop = try MeddledShop(settings: Self.impatience)
            shop.meddler.order(.silence, at: moment)
            #expect(try shop.outcomes(1...20, #","timeout_ms":200"#) == ["timeout": 20])
            #expect(shop.meddler.deeds > 0)
            shop.meddler.allowAll()
            return shop
        }
        for shop in shops { try shop.expectRecovery() }
    }

    @Test(arguments: [Meddler.Moment.answer, .rows, .amidRows, .end])
    func `an answer that comes after its requests' time is nobody else's`(_ moment: Meddler.Moment) throws {
        let shop = try MeddledShop()
        shop.meddler.order(.hold, at: moment)
        #expect(try shop.outcomes(1...20, #","timeout_ms":100"#) == ["timeout": 20])
        #expect(shop.meddler.deeds > 0)
        shop.meddler.order(.hold, at: moment, times: 0)
        try shop.client.send(#"{"id":21,"load":"authors.books","key":21}"#)
        shop.meddler.allowAll()
        #expect(try JSONValue(shop.client.ask()).rowIDs == shop.expected["21"])
        try shop.expectRecovery()
    }

    @Test func `a server whose bytes come one by one is understood`() throws {
        let shop = try MeddledShop()
        shop.meddler.order(.trickle, at: .greeting)
        shop.meddler.cut()
        try eventually("it goes through slow connections only") {
            Self.expect(try shop.outcomes(), only: ["database_unavailable"])
            return try shop.meddler.deeds >= MeddledShop.connections
                && shop.client.stat("connections") == MeddledShop.connections
        }
        #expect(try shop.outcomes() == ["rows": 20])
        shop.meddler.allowAll()
        try shop.expectRecovery()
    }
}
