import Glibc
import Reactor
import Testing

/// Log lines that are written by a thread of their own. It never ends, so the pipes of these tests stay open.
@Suite struct LogStreamTests {
    /// Reads lines until there are enough of them, or nothing comes for 30 s.
    private func lines(from descriptor: Int32, until isEnough: ([Substring]) -> Bool) -> [Substring] {
        var received: [UInt8] = []
        var lines: [Substring] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !isEnough(lines), poll(&entry, 1, 30_000) > 0 {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            received += chunk[..<count]
            guard received.last == UInt8(ascii: "\n") else { continue }
            lines = String(decoding: received, as: UTF8.self).split(separator: "\n")
        }
        return lines
    }

    private func makePipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func `log lines are written in their order`() throws {
        let (reader, writer) = try makePipe()
        let log = try LogStream(to: writer)
        for number in 1...100 { log.write("line \(number)\n") }
        #expect(lines(from: reader) { $0.count >= 100 } == (1...100).map { "line \($0)" })
    }

    /// The number in "<4>kindred: 3000 log lines were dropped", or 0 for any other line.
    private func dropped(_ line: Substring) -> Int {
        line.wholeMatch(of: #/<4>kindred: (\d+) log lines were dropped/#).flatMap { Int($0.output.1) } ?? 0
    }

    @Test func `log lines beyond a bound that nobody reads are dropped and counted`() throws {
        let (reader, writer) = try makePipe()
        // F_SETPIPE_SZ of fcntl(2): the smallest pipe holds a page.
        try #require(fcntl(writer, 1031, 4096) == 4096)
        let log = try LogStream(to: writer, warningPrefix: "<4>")
        let count = 5000
        for number in 1...count { log.write("line \(number)\n") }
        func total(_ lines: [Substring]) -> Int { lines.reduce(0) { $0 + max(1, dropped($1)) } }
        func notices(_ lines: [Substring]) -> Int { lines.count { dropped($0) > 0 } }
        let found = lines(from: reader) { total($0) >= count }
        #expect(total(found) == count)
        #expect(notices(found) > 0 && found.count - notices(found) < count / 2)
    }
}
