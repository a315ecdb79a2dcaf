/// The templates of lines that come again and again. Reading a line by its template gives the same as reading
/// it as if nothing were known of it, at less than half the cost, and far less where it has options.
struct RequestTemplates {
    /// Templates, and bytes of them, beyond which all are forgotten. What comes again comes back soon.
    private static let maxCount = 8192
    private static let maxBytes = 1 << 24
    /// Bytes of a line beyond which looking its template up gains little.
    private static let maxLine = 1 << 12

    private var byOutline: [UInt64: RequestTemplate] = [:]
    private var bytes = 0
    /// What was used last is mostly used again.
    private var last: RequestTemplate?
    private var seenOnce = OutlinesSeenOnce()

    /// Reads a line by its template; nil if there is none, or the line has a fault.
    mutating func read(_ line: UnsafeRawBufferPointer, _ limits: RequestDecoder.Limits) -> Request? {
        if let request = last?.read(line, limits) { return request }
        guard line.count <= Self.maxLine, !byOutline.isEmpty, let outline = LineOutline.hash(of: line),
            let template = byOutline[outline], template !== last, let request = template.read(line, limits)
        else { return nil }
        last = template
        return request
    }

    /// Notes a line that has been read as a load of this shape.
    /// - Parameter slots: where its values are that differ from load to load, in the order of the line.
    mutating func learn(
        _ line: UnsafeRawBufferPointer, _ slots: [RequestTemplate.Slot], _ shape: LoadShape
    ) {
        guard line.count <= Self.maxLine, let outline = LineOutline.hash(of: line) else { return }
        guard seenOnce.haveSeen(outline) else { return }
        // Where two outlines have the same hash, the one that came last is kept.
        if let other = byOutline[outline] { bytes -= other.byteCount }
        if byOutline.count >= Self.maxCount || bytes > Self.maxBytes {
            byOutline.removeAll()
            bytes = 0
        }
        let number = byOutline[outline]?.shape.number ?? byOutline.count
        let template = RequestTemplate(line, slots, shape.numbered(number))
        byOutline[outline] = template
        bytes += template.byteCount
        last = template
    }
}

/// Outlines of lines that have come once, as many as a busy program has. A line that comes only once, because
/// its filters are others each time, must not cost a template.
private struct OutlinesSeenOnce {
    /// The outlines that may stand in the same places as an outline's last bits say.
    private static let width = 4
    private static let setCount = 4096

    private var outlines = [UInt64](repeating: 0, count: setCount * width)
    /// Where the next one goes that finds no place of its own.
    private var next = 0

    /// Whether the outline has come before, and was not forgotten for others since.
    mutating func haveSeen(_ outline: UInt64) -> Bool {
        let first = Self.width * (Int(truncatingIfNeeded: outline) & (Self.setCount - 1))
        for place in first..<first + Self.width where outlines[place] == outline { return true }
        outlines[first + next] = outline
        next = (next + 1) % Self.width
        return false
    }
}

/// Finds the parts of a line that do not differ from load to load, without understanding them.
enum LineOutline {
    /// A hash of the line but the values of its slots; nil for a line that is no object, or has an escape in
    /// a member's name. For malformed JSON the hash is arbitrary: only a comparison with the
    /// template tells whether a line is one of its.
    static func hash(of line: UnsafeRawBufferPointer) -> UInt64? {
        var walk = Walk(line)
        return walk.hash()
    }

    private struct Walk {
        private let line: UnsafeRawBufferPointer
        private var at = 0
        private var result: UInt64 = 0x9E37_79B9_7F4A_7C15

        init(_ line: UnsafeRawBufferPointer) { self.line = line }

        private var byte: UInt8 { at < line.count ? line[at] : 0 }

        mutating func hash() -> UInt64? {
            var start = 0
            skipBlanks()
            guard byte == UInt8(ascii: "{") else { return nil }
            repeat {
                at += 1
                skipBlanks()
                guard let name = name() else { return nil }
                skipBlanks()
                guard byte == UInt8(ascii: ":") else { return nil }
                at += 1
                skipBlanks()
                let valueStart = at
                skipValue()
                if let member = Member(name), RequestTemplate.differs(member) {
                    add(start..<valueStart)
                    start = at
                }
                skipBlanks()
            } while byte == UInt8(ascii: ",")
            add(start..<line.count)
            return result
        }

        private mutating func skipBlanks() {
            while byte <= 0x20, at < line.count { at += 1 }
        }

        private mutating func name() -> UnsafeRawBufferPointer? {
            guard byte == UInt8(ascii: "\"") else { return nil }
            let start = at + 1
            guard let end = ByteScan.firstIndex(of: UInt8(ascii: "\""), in: line, from: start) else {
                return nil
            }
            at = end + 1
            let name = UnsafeRawBufferPointer(rebasing: line[start..<end])
            return name.contains(UInt8(ascii: "\\")) ? nil : name
        }

        /// Walks to the byte that ends the value: a comma, the object's end, or a blank.
        private mutating func skipValue() {
            var depth = 0
            while at < line.count {
                let byte = line[at]
                // Digits and letters, which most bytes are, mean nothing here; but for `[`, `]`, `{` and `}`.
                if byte >= 0x30, byte & 0x5F < 0x5B {
                    at += 1
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): skipString()
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    if depth == 0 { return }
                    depth -= 1
                case UInt8(ascii: ","), 0x20, 0x09, 0x0D: if depth == 0 { return }
                default: break
                }
                at += 1
            }
            // A string, or an escape in it, may have no end.
            at = line.count
        }

        /// Walks to a string's closing quote.
        private mutating func skipString() {
            at += 1
            while at < line.count {
                if at + 8 <= line.count {
                    let mask = ByteScan.special(ByteScan.word(line, at: at))
                    at += mask == 0 ? 8 : mask.trailingZeroBitCount / 8
                    if mask == 0 { continue }
                }
                if line[at] == UInt8(ascii: "\"") { return }
                at += line[at] == UInt8(ascii: "\\") ? 2 : 1
            }
        }

        /// Adds bytes to the hash, eight at a time (after wyhash: https://github.com/wangyi-fudan/wyhash).
        private mutating func add(_ range: Range<Int>) {
            var at = range.lowerBound
            while at + 8 <= range.upperBound {
                mix(ByteScan.word(line, at: at))
                at += 8
            }
            var rest = UInt64(range.count)
            while at < range.upperBound {
                rest = rest << 8 | UInt64(line[at])
                at += 1
            }
            mix(rest)
        }

        private mutating func mix(_ word: UInt64) {
            let (high, low) = (result ^ word).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
            result = high ^ low ^ 0x8EBC_6AF0_9C88_C6E3
        }
    }
}
