import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

@Suite struct QueryTests {
    let connection: Connection

    init() throws {
        connection = try connected(SharedServer.server.endpoint(database: "mysql"))
    }

    @Test func `rows, NULLs and empty values arrive as they are`() {
        let outcome = connection.run(
            "SELECT 1, NULL, '', 'ä', X'00FF' UNION ALL SELECT 2, NULL, 'x', NULL, ''")
        #expect(outcome.error == nil)
        let umlaut = Array("ä".utf8)
        #expect(outcome.rows == [[[49], nil, [], umlaut, [0, 255]], [[50], nil, [120], nil, []]])
    }

    @Test func `columns are described`() throws {
        let sql = "SELECT CAST(1 AS UNSIGNED) AS `größe`, CAST('a' AS CHAR(3)) AS t, X'00' AS b"
        let columns = connection.run(sql).columns
        try #require(columns.map(\.name) == ["größe", "t", "b"])
        // INT (LONGLONG on MySQL), VAR_STRING, VAR_STRING
        #expect(columns.map(\.typeCode) == [SharedServer.kind == .mySQL ? 8 : 3, 253, 253])
        #expect(columns.map(\.isUnsigned) == [true, false, true])
        #expect(columns.map(\.isBinary) == [true, false, true])
        #expect(columns[1].charset != 63)
        #expect(columns[2].charset == 63)
    }

    @Test func `an empty result has columns and an end`() {
        let outcome = connection.run("SELECT 1 AS one FROM DUAL WHERE FALSE")
        #expect(outcome.error == nil)
        #expect(outcome.columns.map(\.name) == ["one"])
        #expect(outcome.rows == [])
    }

    @Test func `a statement without a result set is done at once`() {
        #expect(connection.send("SET @x = 1") == .done)
        #expect(text(connection.run("SELECT @x").rows) == [["1"]])
    }

    @Test func `a value of 5 MB arrives complete`() {
        let size = 5_000_000
        let outcome = connection.run("SELECT REPEAT('0123456789', \(size / 10))")
        let expected = (0..<size).map { UInt8(ascii: "0") + UInt8($0 % 10) }
        #expect(outcome.error == nil)
        #expect(outcome.rows.first?.first == expected)
    }

    @Test func `a statement of 5 MB is sent completely`() {
        let long = String(repeating: "0123456789", count: 500_000)
        let outcome = connection.run(
            "SELECT LENGTH('\(long)'), CRC32('\(long)') = CRC32(REPEAT('0123456789', 500000))")
        #expect(outcome.error == nil)
        #expect(text(outcome.rows) == [["5000000", "1"]])
    }

    @Test func `100,000 rows arrive in order, most of them without waiting`() {
        var next = 1
        var inOrder = true
        var waits = 0
        var progress = connection.send("SELECT seq FROM \(numbers(to: 100_000))")
        while true {
            if case .waiting(let interest) = progress {
                waits += 1
                progress = connection.resume(ready: wait(for: interest))
                continue
            }
            if case .row = progress {
                inOrder =
                    inOrder
                    && connection.currentRow[0].map { String(decoding: $0, as: UTF8.self) } == "\(next)"
                next += 1
            } else if case .columns = progress {
            } else {
                break
            }
            progress = connection.fetch()
        }
        #expect(progress == .end)
        #expect(inOrder)
        #expect(next == 100_001)
        #expect(waits < 10_000)
    }

    @Test func `an error of a statement leaves the connection usable`() throws {
        let error = try #require(connection.run("SELEKT 1").error)
        #expect(error.errno == 1064)
        #expect(error.sqlState == "42000")
        #expect(error.kind == .statement)
        #expect(text(connection.run("SELECT 2").rows) == [["2"]])
    }

    /// The subquery gives a second row only at the outer row 50,000, so that error 1242 comes with a fetch.
    @Test func `an error between rows is not their end`() throws {
        let sql =
            "SELECT s.seq, (SELECT 1 FROM \(numbers(to: 2, as: "t")) WHERE t.seq = 1 OR s.seq = 50000) FROM \(numbers(to: 60_000, as: "s"))"
        var rows = 0
        let error = connection.run(
            sql,
            keep: { _ in
                rows += 1; return nil
            }
        ).error
        #expect(error?.errno == 1242)
        #expect(error?.kind == .statement)
        #expect(rows == 49_999)
        #expect(text(connection.run("SELECT 3").rows) == [["3"]])
    }

    @Test func `several statements in one are refused`() {
        #expect(connection.run("SELECT 1; SELECT 2").error?.errno == 1064)
    }

    @Test func `a procedure with more than one result set ends the connection`() throws {
        let database = try SharedServer.freshDatabase(named: "calls")
        let client = try SharedServer.server.client(database: database)
        try client.execute("CREATE PROCEDURE twice() BEGIN SELECT 1; SELECT 2; END")
        #expect(connection.run("CALL \(database).twice()").error?.kind == .connectionLost)
    }

    @Test func `rows of two connections can be fetched in turns`() throws {
        let other = try connected(SharedServer.server.endpoint(database: "mysql"))
        let sql = "SELECT seq, REPEAT('x', 100) FROM \(numbers(to: 2000))"
        try #require(connection.send(sql) == other.send(sql))
        for number in 1...2000 {
            for each in [connection, other] {
                try #require(each.settle(each.fetch()) == .row)
                #expect(each.currentRow[0].map { String(decoding: $0, as: UTF8.self) } == "\(number)")
            }
        }
        #expect(connection.settle(connection.fetch()) == .end)
        #expect(other.settle(other.fetch()) == .end)
    }
}
