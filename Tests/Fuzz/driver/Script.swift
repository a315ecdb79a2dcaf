import Fuzzing

/// What the server says: one response whenever something has come from the client, and the first at once.
struct Script {
    /// How much of the conversation is as it should be.
    private enum Mode: UInt8, CaseIterable {
        /// Nothing, not even the headers of the packets.
        case raw
        /// From the greeting on the headers, and no body.
        case greeting
        /// All before the answer to the login.
        case login
        /// All before the answer to the first query.
        case query
        /// All before its first row.
        case rows
    }

    let responses: [[UInt8]]
    /// After the last response the server keeps the connection, and says nothing more.
    let isSilentAtEnd: Bool
    /// It closes the connection as soon as it has sent the last response, and does not wait for what is said to it.
    let hangsUpEarly: Bool
    /// Before its second query, the client looks whether the server is still there.
    let isLookedAt: Bool
    /// So many bytes of a response come first, and the others later.
    let firstPiece: Int

    /// More are never asked for, but if each is too short, and then they take time.
    private static let mostResponses = 8

    init(_ input: inout InputReader) {
        let mode = Mode.allCases[Int(input.byte()) % Mode.allCases.count]
        let flags = input.byte()
        firstPiece = Int(input.byte())
        isSilentAtEnd = flags & 1 != 0
        hangsUpEarly = flags & 2 != 0
        isLookedAt = flags & 4 != 0
        let types = (0..<Int(flags >> 4 & 3) + 1).map { _ in input.byte() }
        responses = Array(Self.responses(mode, types, &input).prefix(Self.mostResponses))
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

    /// Bytes, each response behind its length.
    private static func raw(_ input: inout InputReader) -> [[UInt8]] {
        var responses: [[UInt8]] = []
        while !input.isAtEnd { responses.append(input.bytes(input.word())) }
        return responses
    }

    /// Packets, each behind a byte: its length, whether it ends its response, and whether the next one's numbers go on.
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
