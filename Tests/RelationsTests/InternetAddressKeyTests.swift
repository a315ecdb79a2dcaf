import Relations
import TestSupport
import Testing

struct InternetAddressKeyTests {
    @Test(arguments: [
        ("192.0.2.1", true), ("0.0.0.0", true), ("255.255.255.255", true), ("256.0.0.1", false),
        ("1.2.3", false),
        ("1.2.3.4.5", false), ("1.2.3.04", false), ("1..2.3", false), ("1.2.3.4 ", false),
        ("+1.2.3.4", false),
        ("1.2.3.-4", false), ("", false), ("0x1.2.3.4", false), ("::1", false),
    ])
    func `an INET4 is accepted only as a strict dotted quad`(text: String, good: Bool) {
        #expect(read(text, as: .inet4) == (good ? text : nil))
    }

    /// The right sides are what MariaDB 10.11 printed for the left ones.
    @Test(arguments: [
        ("1:0:2:3:4:5:6:7", "1::2:3:4:5:6:7"), ("0:1:2:3:4:5:6:7", "::1:2:3:4:5:6:7"),
        ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7::"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"), ("::", "::"), ("::1", "::1"), ("::1:0", "::0.1.0.0"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("::1.2.3.4", "::1.2.3.4"), ("::ffff:0:0", "::ffff:0.0.0.0"),
        ("::2:3:4", "::2:3:4"), ("::ffff:0:1:2", "::ffff:0:1:2"), ("0:0:0:0:0:1::", "::1:0:0"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("::ffff", "::ffff"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7::"),
        ("2001:DB8::A", "2001:db8::a"), ("::0.0.0.1", "::1"), ("1::", "1::"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("0001:0002:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func `an INET6 is brought into the server's form`(text: String, canonical: String) {
        #expect(read(text, as: .inet6) == canonical)
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1::2::3", "12345::",
        "::g",
        "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "fe80::1%eth0", "::1/64", "[::1]", " ::1", "1.2.3.4", "1.2.3.4::",
        "::1.2.3", "::1.2.3.4:5", "::1.2.3.256", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7::1.2.3.4",
    ])
    func `a text that is no INET6 is refused`(text: String) {
        #expect(read(text, as: .inet6) == nil)
    }

    @Test(arguments: UInt64(0)..<300)
    func `every spelling of one INET6 has one canonical form`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let words = (0..<8).map { _ in
            Bool.random(using: &random) ? 0 : UInt16.random(in: 0...0xFFFF, using: &random)
        }
        let plain = words.map { String($0, radix: 16) }.joined(separator: ":")
        let canonical = try #require(read(plain, as: .inet6))
        #expect(read(canonical, as: .inet6) == canonical)
        let padded = words.map { String(String(0x10000 + Int($0), radix: 16, uppercase: true).dropFirst()) }
        #expect(read(padded.joined(separator: ":"), as: .inet6) == canonical)
        let low = words[6...].flatMap { ["\($0 >> 8)", "\($0 & 0xFF)"] }.joined(separator: ".")
        #expect(read(padded[..<6].joined(separator: ":") + ":" + low, as: .inet6) == canonical)
        for start in words.indices where words[start] == 0 {
            let end = words[start...].prefix { $0 == 0 }.endIndex
            let squeezed =
                padded[..<start].joined(separator: ":") + "::" + padded[end...].joined(separator: ":")
            #expect(read(squeezed, as: .inet6) == canonical)
        }
    }

    @Test(arguments: UInt64(0)..<100)
    func `every spelling of one UUID has one canonical form`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let hex = (0..<32).map { _ in String(Int.random(in: 0..<16, using: &random), radix: 16) }
        let mixed = hex.map { Bool.random(using: &random) ? $0.uppercased() : $0 }
        func dashed(_ digits: [String]) -> String {
            [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { digits[$0].joined() }.joined(separator: "-")
        }
        for spelling in [hex.joined(), mixed.joined(), dashed(hex), dashed(mixed)] {
            #expect(read(spelling, as: .uuid) == dashed(hex))
        }
    }
}
