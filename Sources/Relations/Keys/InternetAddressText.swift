/// `INET4` and `INET6` keys: reads the text forms of RFC 4291, and writes the server's own.
enum InternetAddressText {
    static func inet4(_ text: [UInt8]) -> [UInt8]? {
        octets(text[...]).map(dottedQuad)
    }

    static func inet6(_ text: [UInt8]) -> [UInt8]? {
        words(text).map(canonical)
    }

    // MARK: Reading

    /// Reads four numbers up to 255 without leading zeros, with which some readers take them for octal.
    private static func octets(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let octets = parts.compactMap { part -> UInt8? in
            guard part.allSatisfy(\.isDigit), part.count == 1 || part.first != UInt8(ascii: "0") else {
                return nil
            }
            return UInt8(String(decoding: part, as: UTF8.self))
        }
        return parts.count == 4 && octets.count == 4 ? octets : nil
    }

    /// Reads the eight groups. A `::` stands for one group of zeros or more, and may occur once.
    private static func words(_ text: [UInt8]) -> [UInt16]? {
        let colon = UInt8(ascii: ":")
        let gap = text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
        guard let gap else {
            let all = groups(text[...], mayEndInIPv4: true)
            return all?.count == 8 ? all : nil
        }
        guard let head = groups(text[..<gap], mayEndInIPv4: false),
            let tail = groups(text[(gap + 2)...], mayEndInIPv4: true), head.count + tail.count <= 7
        else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func groups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var embedded: [UInt16] = []
        if mayEndInIPv4, let last = parts.last, let octets = octets(last) {
            parts.removeLast()
            embedded = [0, 2].map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) }
        }
        let words = parts.compactMap(word)
        return words.count == parts.count ? words + embedded : nil
    }

    /// Reads one to four hexadecimal digits.
    private static func word(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(text.count), text.allSatisfy({ $0.hexValue != nil }) else { return nil }
        return text.reduce(0) { $0 << 4 | UInt16($1.hexValue ?? 0) }
    }

    // MARK: Writing

    /// Writes the address as MariaDB 10.11 prints it: as in RFC 5952, except that a single group of zeros is
    /// shortened to `::` too, and that `::1.2.3.4` and `::ffff:1.2.3.4` keep their dotted quad.
    private static func canonical(_ words: [UInt16]) -> [UInt8] {
        let gap = longestZeroRun(words)
        let head = words[..<gap.lowerBound]
        let tail = words[gap.upperBound...]
        if head.isEmpty, tail.count == 2 || (tail.count == 3 && tail.first == 0xFFFF) {
            let octets = words[6...].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            return Array((tail.count == 2 ? "::" : "::ffff:").utf8) + dottedQuad(octets)
        }
        return Array((hex(head) + (gap.isEmpty ? "" : "::") + hex(tail)).utf8)
    }

    /// The first of the longest runs of zeros; empty, and at the end, if no group is zero.
    private static func longestZeroRun(_ words: [UInt16]) -> Range<Int> {
        var longest = words.endIndex..<words.endIndex
        for start in words.indices {
            let run = start..<(start + words[start...].prefix { $0 == 0 }.count)
            if run.count > longest.count { longest = run }
        }
        return longest
    }

    private static func hex(_ words: ArraySlice<UInt16>) -> String {
        words.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func dottedQuad(_ octets: [UInt8]) -> [UInt8] {
        Array(octets.map(String.init).joined(separator: ".").utf8)
    }
}
