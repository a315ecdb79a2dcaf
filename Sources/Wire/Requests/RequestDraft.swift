import Relations

/// What has been read of a request's members. A line is read to its end, whatever is wrong with its members,
/// because the id may come last, and because a line that is no JSON is `bad_json` before anything else.
struct RequestDraft {
    private let limits: RequestDecoder.Limits
    var id: RequestID?
    /// The id of the request that `cancel` gives up.
    var target: RequestID?
    var load: String?
    var op: String?
    var key: KeyInput?
    var keys: [KeyInput]?
    /// The parent's primary key, for clients that do not have the relationship's key.
    var parent: KeyInput?
    var parents: [KeyInput]?
    /// The options; nil until the first of them is read.
    private(set) var options: OptionsDraft?
    var timeoutMilliseconds: Int?
    var sourceVersion: Fingerprint?
    var present = MemberSet()
    /// The first mistake.
    private(set) var problem: Failure?
    private var unknown: Set<[UInt8]> = []
    /// The values that differ from load to load, in the order in which they stand in the line.
    private(set) var slots: [RequestTemplate.Slot] = []

    init(_ limits: RequestDecoder.Limits) {
        self.limits = limits
    }

    mutating func read(_ line: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(line, maxDepth: RequestDecoder.maxDepth)
        try scanner.document { scanner throws(JSONError) in
            guard scanner.byte == UInt8(ascii: "{") else { throw scanner.error("an object was expected") }
            try scanner.object { scanner, name throws(JSONError) in try readMember(name, &scanner) }
        }
    }

    private mutating func readMember(_ name: JSONString, _ scanner: inout JSONScanner) throws(JSONError) {
        let known =
            name.isEscaped
            ? scanner.decoded(name).withUnsafeBytes { Member($0) }
            : Member(scanner.raw(name.range))
        guard let known else { return try readUnknown(name, &scanner) }
        guard present.insert(known) else { throw scanner.repeated(name) }
        let start = scanner.position
        try readValue(of: known, &scanner)
        if RequestTemplate.differs(known) {
            slots.append(RequestTemplate.Slot(member: known, range: start..<scanner.position))
        }
    }

    /// Reads the value of a member that has not been read before.
    mutating func readValue(of known: Member, _ scanner: inout JSONScanner) throws(JSONError) {
        switch known {
        case .id: id = try readID(known, &scanner)
        case .target: target = try readID(known, &scanner)
        case .load: load = try readString(known, &scanner)
        case .op: op = try readString(known, &scanner)
        case .key: key = try scanner.keyInput()
        case .keys: keys = try readKeys(known, &scanner)
        case .parent: parent = try scanner.keyInput()
        case .parents: parents = try readKeys(known, &scanner)
        case .timeoutMs: try readTimeout(&scanner)
        case .sourceVersion: try readSourceVersion(&scanner)
        case .columns, .where, .order, .limit, .offset, .count, .include, .after, .before:
            try readOption(known, &scanner)
        case .token:
            note("member '\(known.name)' is not supported by this version of kindred; leave it out")
            try scanner.skipValue()
        }
    }

    private mutating func readOption(_ member: Member, _ scanner: inout JSONScanner) throws(JSONError) {
        var draft =
            options
            ?? OptionsDraft(
                at: .root, depthLeft: limits.maxIncludeDepth, includesLeft: limits.maxIncludes)
        // Otherwise what the draft holds would be copied at each change.
        options = nil
        try draft.read(member, &scanner)
        options = draft
    }

    private mutating func readUnknown(_ name: JSONString, _ scanner: inout JSONScanner) throws(JSONError) {
        let bytes = scanner.decoded(name)
        guard unknown.insert(bytes).inserted else { throw scanner.repeated(name) }
        if problem == nil {
            let text = String(decoding: bytes, as: UTF8.self)
            let hint = Suggestion.hint(to: text, among: Member.allCases.map { "\($0.name)" })
            note("unknown member \(QuotedInput.quoted(text))\(hint)")
        }
        try scanner.skipValue()
    }

    private mutating func note(_ message: @autoclosure () -> String, code: Failure.Code = .badRequest) {
        if problem == nil { problem = Failure(code, message()) }
    }

    private mutating func noteKind(_ member: Member, needs: String, found: String) {
        note("member '\(member.name)' must be \(needs), not \(found)")
    }
}

// MARK: Single members

extension RequestDraft {
    private mutating func readID(
        _ member: Member, _ scanner: inout JSONScanner
    ) throws(JSONError) -> RequestID? {
        switch scanner.byte {
        case UInt8(ascii: "\""):
            let string = try scanner.string()
            let length = string.isEscaped ? scanner.decoded(string).count : string.range.count
            guard length <= RequestDecoder.maxIDBytes else {
                noteID(member, "a string of \(length) bytes")
                return nil
            }
            let token = (string.range.lowerBound - 1)..<(string.range.upperBound + 1)
            return RequestID(text: scanner.raw(token))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let number = try scanner.number()
            let id = Self.id(number, scanner)
            if id == nil {
                noteID(member, number.isInteger ? "a longer integer" : "a number with fraction or exponent")
            }
            return id
        case UInt8(ascii: "n"):
            try scanner.null()
            return nil
        default:
            let found = scanner.kind
            try scanner.skipValue()
            noteID(member, found)
            return nil
        }
    }

    private mutating func noteID(_ member: Member, _ found: String) {
        let longest = RequestDecoder.maxIDBytes
        noteKind(member, needs: "an integer of 64 bits or a string of at most \(longest) bytes", found: found)
    }

    private static func id(_ number: JSONNumber, _ scanner: JSONScanner) -> RequestID? {
        let token = scanner.raw(number.range)
        if let value = scanner.integer(number), !token.equals("-0") { return RequestID(value) }
        let isUnsigned = DecimalDigits.value(token) != nil
        return token.equals("-0") || isUnsigned ? RequestID(text: token) : nil
    }

    private mutating func readString(
        _ member: Member, _ scanner: inout JSONScanner
    ) throws(JSONError) -> String? {
        if scanner.byte == UInt8(ascii: "\"") {
            return scanner.text(try scanner.string())
        }
        noteKind(member, needs: "a string", found: scanner.kind)
        try scanner.skipValue()
        return nil
    }

    // "timeout_ms":50
    private mutating func readTimeout(_ scanner: inout JSONScanner) throws(JSONError) {
        let found = scanner.kind
        let start = scanner.position
        try scanner.skipValue()
        let token = scanner.raw(start..<scanner.position)
        if let value = DecimalDigits.value(token), (1...UInt64(Int32.max)).contains(value) {
            timeoutMilliseconds = Int(value)
        } else {
            let what =
                found == JSONScanner.numberKind
                ? QuotedInput.quoted(token) : found
            noteKind(.timeoutMs, needs: "an integer from 1 to 2147483647", found: what)
        }
    }
}

extension RequestDraft {
    // "source_version":"0123456789abcdef"
    private mutating func readSourceVersion(_ scanner: inout JSONScanner) throws(JSONError) {
        var found = scanner.kind
        if scanner.byte == UInt8(ascii: "\"") {
            let string = try scanner.string()
            sourceVersion = Fingerprint(scanner.decoded(string))
            found = "another string"
        } else {
            try scanner.skipValue()
        }
        guard sourceVersion == nil else { return }
        noteKind(
            .sourceVersion, needs: "16 hexadecimal digits in a string, as 'hello' tells them", found: found)
    }
}

// MARK: Keys

extension RequestDraft {
    // "keys":[42,43,42]
    private mutating func readKeys(
        _ member: Member, _ scanner: inout JSONScanner
    ) throws(JSONError) -> [KeyInput]? {
        guard scanner.byte == UInt8(ascii: "[") else {
            noteKind(member, needs: "a list", found: scanner.kind)
            try scanner.skipValue()
            return nil
        }
        var inputs: [KeyInput] = []
        var count = 0
        try scanner.list { scanner throws(JSONError) in
            count += 1
            if count > limits.maxKeys {
                try scanner.skipValue()
            } else {
                inputs.append(try scanner.keyInput())
            }
        }
        if count > limits.maxKeys {
            let sent = "the request has \(count) keys and the limit is \(limits.maxKeys)"
            note("\(sent); send them in several requests", code: .tooManyKeys)
        }
        return inputs
    }
}

extension JSONScanner {
    /// Reads a key: a scalar, or a list of them for a composite key.
    mutating func keyInput() throws(JSONError) -> KeyInput {
        guard byte == UInt8(ascii: "[") else {
            if let literal = try literal() { return .scalar(literal) }
            return .unusable(found: JSONScanner.objectKind)
        }
        var parts: [Literal] = []
        var unusable: String?
        try list { scanner throws(JSONError) in
            let kind = scanner.kind
            if let part = try scanner.literal() {
                parts.append(part)
            } else {
                unusable = unusable ?? kind
            }
        }
        return unusable.map { .unusable(found: "\($0) within a list") } ?? .list(parts)
    }
}

extension JSONScanner {
    /// Reads a scalar; nil for a list or an object, which is walked over.
    mutating func literal() throws(JSONError) -> Literal? {
        switch byte {
        case UInt8(ascii: "\""):
            return .string(decoded(try string()))
        case UInt8(ascii: "n"):
            try null()
            return .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            return .bool(try bool())
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            try skipValue()
            return nil
        default:
            let number = try number()
            return integer(number).map { .integer($0) } ?? .number(Array(raw(number.range)))
        }
    }

    static let numberKind = "a number"
    static let objectKind = "an object"

    /// The kind of the value that begins here, for an error message.
    var kind: String {
        switch byte {
        case UInt8(ascii: "{"): Self.objectKind
        case UInt8(ascii: "["): "a list"
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "n"): "null"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "true or false"
        default: Self.numberKind
        }
    }
}
