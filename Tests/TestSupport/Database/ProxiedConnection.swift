import Foundation
import Synchronization

/// One connection through a fault proxy.
final class ProxiedConnection: Sendable {
    /// The part of the conversation that the server's next packet belongs to: MySQL 4.1 protocol, results as
    /// text.
    private enum Stage {
        case greeting, login, idle, answer
        case columns(Int)
        case rows(Int)
    }

    private let near: Int32
    private let far: Int32
    private let marker: [UInt8]
    /// Whether the two ends speak TLS, so that no packet can be told from another.
    private let isEncrypted: Bool
    private let faults: InjectedFaults
    private let stage = Mutex(Stage.greeting)
    private let ends = Atomic(0)

    init(near: Int32, far: Int32, marker: [UInt8], isEncrypted: Bool, _ faults: InjectedFaults) {
        (self.near, self.far, self.marker, self.isEncrypted) = (near, far, marker, isEncrypted)
        self.faults = faults
        var yes: Int32 = 1
        setsockopt(near, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        close(near)
        close(far)
    }

    func start() {
        for carry in [carryQueries, carryAnswers] {
            Thread { [self] in
                carry()
                guard ends.add(1, ordering: .sequentiallyConsistent).newValue == 2 else { return }
                faults.remove(self)
            }.start()
        }
    }

    /// Whether the server has not answered a query to its end.
    var hasQuery: Bool {
        switch stage.withLock({ $0 }) {
        case .greeting, .login, .idle: false
        case .answer, .columns, .rows: true
        }
    }

    /// A TCP socket that is connected to nobody in particular sends RST: connect(2).
    func reset() {
        var nobody = sockaddr()
        nobody.sa_family = sa_family_t(AF_UNSPEC)
        connect(near, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
        shutdown(far, Int32(SHUT_RDWR))
    }

    private func carryQueries() {
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while case let count = read(near, &chunk, chunk.count), count > 0 {
            // A command is sent in one piece: 3 is COM_QUERY.
            if !isEncrypted, count > 5, chunk[3] == 0, chunk[4] == 3,
                chunk[..<count].firstRange(of: marker) != nil
            {
                if let errno = faults.nextRefusal() {
                    faults.injections.add(1, ordering: .sequentiallyConsistent)
                    guard send(Self.refusal(errno)[...]) else { break }
                    continue
                }
                stage.withLock { $0 = .answer }
            }
            guard UnixSocket.send(chunk[..<count], to: far) else { break }
        }
        shutdown(far, Int32(SHUT_RDWR))
    }

    /// An ERR packet: its length, its number in the conversation, `0xFF`, the error's number, SQLSTATE, the
    /// text.
    private static func refusal(_ errno: UInt16) -> [UInt8] {
        let body = [0xFF, UInt8(errno & 0xFF), UInt8(errno >> 8)] + Array("#HY000refused by the test".utf8)
        return [UInt8(body.count), 0, 0, 1] + body
    }

    private func carryAnswers() {
        var source = PacketSource(descriptor: far, isEncrypted: isEncrypted)
        var isTrickle = false
        // Bytes since the fault of this number was set.
        var (number, passed) = (0, 0)
        while let packet = source.next() {
            let current = faults.currentNumber
            if current != number { (number, passed) = (current, 0) }
            let moments = moments(of: packet)
            let fault = faults.next { moment in
                if case .byte(let position) = moment { return position < passed + packet.count }
                return moments.contains(moment)
            }
            guard let fault else {
                passed += packet.count
                guard send(packet[...], inPieces: isTrickle) else { break }
                continue
            }
            if case .trickle = fault.action { isTrickle = true }
            guard inject(fault, into: packet, at: offset(of: fault, in: packet, after: passed)) else {
                if case .silence = fault.action { source.drain() }
                break
            }
        }
        shutdown(near, Int32(SHUT_RDWR))
        shutdown(far, Int32(SHUT_RDWR))
    }

    /// Returns how many bytes of the packet pass before the fault.
    private func offset(of fault: InjectedFaults.Fault, in packet: [UInt8], after passed: Int) -> Int {
        switch fault.moment {
        case .midGreeting, .midRows: packet.count / 2
        case .byte(let position): max(0, position - passed)
        case .greeting, .login, .answer, .columns, .rows, .end: 0
        }
    }

    /// Returns whether the connection goes on.
    private func inject(_ fault: InjectedFaults.Fault, into packet: [UInt8], at offset: Int) -> Bool {
        faults.injections.add(1, ordering: .sequentiallyConsistent)
        if case .change(let change) = fault.action { return send(change(packet)[...]) }
        guard send(packet[..<offset]) else { return false }
        switch fault.action {
        case .silence, .close, .change, .refuse: return false
        case .reset:
            reset()
            return false
        case .garbage:
            _ = send([UInt8](repeating: 0xFF, count: 64)[...])
            return false
        case .trickle: return send(packet[offset...], inPieces: true)
        case .hold:
            faults.waitUntilCleared(fault)
            return send(packet[offset...])
        }
    }

    /// Returns the moments that come with this packet, and goes on to the next stage.
    private func moments(of packet: [UInt8]) -> [FaultProxy.Moment] {
        guard !isEncrypted else { return [] }
        let kind = packet.count > 4 ? packet[4] : 0
        let isEnd = kind == 0xFE && packet.count < 13
        return stage.withLock { stage in
            switch stage {
            case .greeting:
                stage = .login
                return [.greeting, .midGreeting]
            case .login:
                stage = kind == 0 ? .idle : .login
                return [.login]
            case .idle: return []
            case .answer:
                stage = kind == 0 || kind == 0xFF ? .idle : .columns(0)
                return [.answer]
            case .columns(let count):
                stage = isEnd ? .rows(0) : .columns(count + 1)
                return count == 0 ? [.columns] : []
            case .rows(let count):
                stage = isEnd || kind == 0xFF ? .idle : .rows(count + 1)
                return (count == 0 ? [.rows] : []) + (isEnd ? [.end] : count == 1 ? [.midRows] : [])
            }
        }
    }

    private func send(_ bytes: ArraySlice<UInt8>, inPieces: Bool = false) -> Bool {
        guard inPieces else { return UnixSocket.send(bytes, to: near) }
        return bytes.indices.allSatisfy { UnixSocket.send(bytes[$0...$0], to: near) }
    }
}

/// Cuts what a server sends into packets: three bytes of length, one of number, the body.
private struct PacketSource {
    let descriptor: Int32
    /// Whether packets cannot be seen, so that what arrives is passed on as it comes.
    let isEncrypted: Bool
    private var received: [UInt8] = []

    init(descriptor: Int32, isEncrypted: Bool) {
        (self.descriptor, self.isEncrypted) = (descriptor, isEncrypted)
    }

    /// With its header; nil at the end.
    mutating func next() -> [UInt8]? {
        while true {
            if let count = countOfNext {
                defer { received.removeFirst(count) }
                return Array(received[..<count])
            }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return nil }
            received += chunk[..<count]
        }
    }

    /// The size of the next packet in bytes; nil until it has been received.
    private var countOfNext: Int? {
        if isEncrypted { return received.isEmpty ? nil : received.count }
        guard received.count >= 4 else { return nil }
        let count = 4 + (Int(received[0]) | Int(received[1]) << 8 | Int(received[2]) << 16)
        return received.count >= count ? count : nil
    }

    func drain() {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while read(descriptor, &chunk, chunk.count) > 0 {}
    }
}
