import Fuzzing

/// What the server sends: the first response at once, and another one whenever something has come from the
/// client.
struct Script {
    /// How much of the conversation is well-formed.
    private enum Mode: UInt8, CaseIterable {
        /// Nothing is, not even the headers of packets.
        case raw
        /// The headers are, from the greeting on, and no body.
        case greeting
        /// Everything is, before the answer to the login.
        case login
        /// Everything is, before the answer to the first query.
        case query
        /// Everything is, before the first row.
        case rows
    }

    let responses: [[UInt8]]
    /// Whether the server, after its last response, keeps the connection open and sends nothing more.
    let isSilentAtEnd: Bool
    /// Whether the server closes the connection as soon as it has sent the last response, without waiting for
    /// the client.
    let hangsUpEarly: Bool
    /// Whether the client checks the idle connection before its second query.
    let isCheckedIdle: Bool
    /// How many bytes of a response are sent at once; the rest follows later.
    let firstPiece: Int

    /// More are asked for only if each is too short, and then they take time.
    private static let maxResponses = 8

    init(_ input: inout InputReader) {
        let mode = Mode.allCases[Int(input.byte()) % Mode.allCases.count]
        let flags = input.byte()
        firstPiece = Int(input.byte())
        isSilentAtEnd = flags & 1 != 0
        hangsUpEarly = flags & 2 != 0
        isCheckedIdle = flags & 4 != 0
        let types = (0..<Int(flags >> 4 & 3) + 1).map { _ in input.byte() }
        responses = Array(Self.responses(mode, types, &input).prefix(Self.maxResponses))
    }

    private static func responses(_ mode: Mode, _ types: [UInt8], _ input: inout InputReader) -> [[UInt8]] {
        let welcome = [Packets.greeting, Packets.ok(2), Packets.ok(1)]
        let firstRow = UInt8(types.count + 3)
        switch mode {
        case .raw: return raw(&input)
        case .greeting: return framed(&input, from: 0)
        case .login: return [Packets.greeting] + framed(&input, from: 2)
        case .query: return welcome + framed(&input, from: 1)
        case .rows: return welcome + framed(&input, from: firstRow, after: Packets.columns(types))
        }
    }

    /// Reads responses of arbitrary bytes, each after its length.
    private static func raw(_ input: inout InputReader) -> [[UInt8]] {
        var responses: [[UInt8]] = []
        while !input.isAtEnd { responses.append(input.bytes(input.word())) }
        return responses
    }

    /// Reads packets, each after a byte: its length, whether it ends its response, and whether the next one's
    /// numbers go on.
    private static func framed(
        _ input: inout InputReader, from first: UInt8, after head: [UInt8] = []
    ) -> [[UInt8]] {
        var responses: [[UInt8]] = []
        var response = head
        var number = first
        while !input.isAtEnd {
            let control = input.byte()
            let length = control & 63 == 63 ? input.word() : Int(control & 63)
            response += Packets.packet(input.bytes(length), number)
            number &+= 1
            guard control & 128 != 0 else { continue }
            responses.append(response)
            response = []
            number = control & 64 != 0 ? number &+ 1 : 1
        }
        return response.isEmpty ? responses : responses + [response]
    }
}
