import TestSupport
import Testing

/// A database, or something in its place, sends packets that break the protocol.
@Suite struct MalformedPacketTests {
    /// Returns the bytes that are sent in place of a packet.
    private typealias Change = @Sendable ([UInt8]) -> [UInt8]

    /// Replaces the body of a packet and keeps its number.
    private static func body(_ bytes: [UInt8]) -> Change {
        { [UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8), 0, $0[3]] + bytes }
    }

    /// Replaces the body by an ERR packet's: `0xFF`, the error's number, and the rest.
    private static func error(_ number: Int, _ rest: String) -> Change {
        body([0xFF, UInt8(number & 0xFF), UInt8(number >> 8)] + Array(rest.utf8))
    }

    private static let always: [(String, Change)] = [
        ("no body", body([])),
        ("an error without a number", body([0xFF])),
        ("an error with half a number", body([0xFF, 0x28])),
        ("an error without SQLSTATE", error(1317, "odd")),
        ("an error without text", error(1317, "")),
        ("an error with half a SQLSTATE", error(1317, "#HY")),
        ("error 0", error(0, "#HY000none")),
        ("an error of the client's", error(2013, "#HY000lost")),
        ("an error of nobody's", error(9999, "#HY000what")),
        ("a request for a file", body([0xFB] + Array("/etc/passwd".utf8))),
    ]

    private static let atMoment: [FaultProxy.Moment: [(String, Change)]] = [
        .answer: [
            ("columns without number", body([0xFE] + Array(repeating: 0xFF, count: 8))),
            ("65535 columns", body([0xFC, 0xFF, 0xFF])),
            ("no column", body([0, 0, 0, 2, 0, 0, 0])),
            ("a half OK", body([0, 0xFE])),
            ("another protocol", { _ in Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) }),
        ],
        .columns: [
            ("a column is missing", { _ in [] }),
            ("a column comes twice", { $0 + $0 }),
            ("half a column", { body(Array($0[4..<$0.count / 2]))($0) }),
        ],
        .rows: [("the first row is missing", { _ in [] })],
        .midRows: [
            ("a row is missing", { _ in [] }),
            ("a row comes twice", { $0 + $0 }),
            ("a row has another number", { $0[..<3] + [$0[3] &+ 7] + $0[4...] }),
            ("a value longer than its packet", body([1, 0x31, 0xFD, 0xFF, 0xFF, 0xFF])),
            ("a value of endless length", body([0xFE] + Array(repeating: 0xFF, count: 12))),
            ("a row with too few values", body([1, 0x31])),
        ],
        .end: [("the end has another number", { $0[..<3] + [$0[3] &+ 1] + $0[4...] })],
    ]

    @Test(arguments: [FaultProxy.Moment.answer, .columns, .rows, .midRows, .end])
    func `a malformed packet gives errors and never rows, and later answers are understood`(
        _ moment: FaultProxy.Moment
    ) throws {
        let shop = try ProxiedBookshop(settings: "connect_timeout_s = 1\nstatement_timeout_s = 1")
        for (name, change) in Self.always + Self.atMoment[moment, default: []] {
            let before = shop.proxy.injections
            shop.proxy.inject(.change(change), at: moment)
            let outcomes = try shop.outcomes(1...20, #","timeout_ms":500"#)
            #expect(outcomes["rows"] == nil, "\(name): \(outcomes)")
            #expect(shop.proxy.injections > before, "\(name) was never sent")
            shop.proxy.passEverything()
            try eventually("\(name) is over") { try shop.outcomes(1...20) == ["rows": 20] }
        }
        try shop.expectRecovery()
    }
}
