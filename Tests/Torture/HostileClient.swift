import Foundation
import LineClient
import TestSupport

/// A client that misbehaves in one way after another.
final class HostileClient {
    private let rig: TortureRig
    private var random: SeededGenerator

    init(_ rig: TortureRig, seed: UInt64) {
        self.rig = rig
        random = SeededGenerator(seed: seed)
    }

    func work() {
        while !rig.isOver {
            // Whatever happens to this client: the verifying clients must not notice.
            try? misbehave()
        }
    }

    private func misbehave() throws {
        let client = try rig.daemon.client(timeout: 5)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: try sendNonsense(client)
        case 1: try sendForeignProtocol(client)
        case 2: try askAndNeverRead(client)
        case 3: try sendLineBytewise(client)
        case 4: for _ in 0..<20 { _ = try rig.daemon.client() }
        default: try client.send([UInt8](repeating: 0x61, count: 3_000_000))
        }
    }

    private func sendNonsense(_ client: LineClient) throws {
        for _ in 0..<50 {
            let count = Int.random(in: 0...200, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            try client.send(bytes.filter { $0 != UInt8(ascii: "\n") } + [UInt8(ascii: "\n")])
        }
        client.finishSending()
        while try client.receive() != nil {}
    }

    private func sendForeignProtocol(_ client: LineClient) throws {
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r")
        while try client.receive() != nil {}
    }

    /// Keeps the connection for up to 20 s without reading, unless the daemon closes it before.
    private func askAndNeverRead(_ client: LineClient) throws {
        let keys = (1...200).map(String.init).joined(separator: ",")
        let line = "{\"load\":\"authors.books\",\"keys\":[\(keys)],\"include\":{\"reviews\":{}}}\n"
        for _ in 0..<20 { try client.send(line) }
        let time = Double.random(in: 0...20, using: &random)
        Thread.sleep(forTimeInterval: time)
    }

    private func sendLineBytewise(_ client: LineClient) throws {
        for byte in #"{"op":"ping"}"#.utf8 {
            try client.send([byte])
            Thread.sleep(forTimeInterval: 0.02)
        }
    }
}
