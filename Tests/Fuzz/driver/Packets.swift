/// Well-formed packets of a server. https://mariadb.com/kb/en/clientserver-protocol/
enum Packets {
    /// Returns a packet: three bytes of length, low byte first, the number in the conversation, and the body.
    static func packet(_ body: [UInt8], _ number: UInt8) -> [UInt8] {
        [UInt8(truncatingIfNeeded: body.count), UInt8(truncatingIfNeeded: body.count >> 8)]
            + [UInt8(truncatingIfNeeded: body.count >> 16), number] + body
    }

    /// The greeting of a MariaDB 10.11 without TLS.
    static let greeting = packet(
        [10] + text("5.5.5-10.11.9-MariaDB") + [7, 0, 0, 0] + Array("abcdefgh".utf8) + [0]
            + [0xFE, 0xF7, 45, 2, 0, 0xBF, 0x80, 21] + [UInt8](repeating: 0, count: 10)
            + text("ijklmnopqrst") + text("mysql_native_password"), 0)

    /// Returns an OK packet: no rows affected, no insert id, autocommit, no warnings.
    static func ok(_ number: UInt8) -> [UInt8] { packet([0, 0, 0, 2, 0, 0, 0], number) }

    /// Returns the packet at the end of the columns or of the rows.
    static func end(_ number: UInt8) -> [UInt8] { packet([0xFE, 0, 0, 2, 0], number) }

    /// Returns the packets before the rows of a result with columns of these types, from packet 1 on.
    static func columns(_ types: [UInt8]) -> [UInt8] {
        var packets = packet([UInt8(types.count)], 1)
        var number: UInt8 = 2
        for type in types {
            packets += column(type, number)
            number += 1
        }
        return packets + end(number)
    }

    /// Returns a column description: `def`, schema, table, its original name, name, original name; charset,
    /// length, type, flags, decimals.
    private static func column(_ type: UInt8, _ number: UInt8) -> [UInt8] {
        let names = ["def", "s", "t", "t", "c", "c"].flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let charset: UInt8 = type < 16 ? 63 : 45
        return packet(names + [12, charset, 0, 255, 255, 0, 0, type, 0, 0, 0, 0, 0], number)
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }
}
