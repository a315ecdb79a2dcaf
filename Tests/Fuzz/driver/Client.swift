import Fuzzing
import MariaDB
import Reactor
import Time

/// Connects and sends two queries, as a connection of the daemon's pool does, and checks everything that it
/// is told.
final class Client {
    private enum State: Equatable {
        case connecting
        /// Waiting for the result of the query of this number, from 1.
        case asking(Int)
        case fetching(Int, columns: Int)
        case over
    }

    /// The time until the server, which is on the same loop, is asked to send more.
    private static let silenceLimit = TimeSpan.microseconds(100)
    private static let queries = 2

    private let connection: Connection
    private let loop: EventLoop
    private let checksIdle: Bool
    /// Called when nothing comes. If nothing comes after that either, the connection is closed.
    var onSilence: () -> Void = {}
    private var wasSilent = false
    private var watch: Watch?
    private var alarm: Alarm?
    private var state = State.connecting
    /// The bytes of all values of all rows.
    private(set) var receivedBytes = 0
    private var checksum: UInt8 = 0

    init(_ loop: EventLoop, checksIdle: Bool) {
        self.loop = loop
        self.checksIdle = checksIdle
        connection = Connection(ServerAddress.endpoint)
        alarm = Alarm(loop) { [unowned self] in nothingCame() }
    }

    var isOver: Bool { state == .over }

    /// Begins to connect. The server must accept the connection before the loop runs.
    func start() {
        proceed(connection.connect())
    }

    private func proceed(_ first: Progress) {
        var progress = first
        while true {
            switch (progress, state) {
            case (.waiting(let interest), .connecting), (.waiting(let interest), .asking),
                (.waiting(let interest), .fetching):
                return wait(for: interest)
            case (.connected, .connecting): progress = ask(1)
            case (.columns, .asking(let number)):
                let columns = connection.columns
                expect(!columns.isEmpty, "a result without columns")
                state = .fetching(number, columns: columns.count)
                progress = connection.fetch()
            case (.row, .fetching(_, let columns)):
                read(connection.currentRow, columns)
                progress = connection.fetch()
            case (.done, .asking(let number)), (.end, .fetching(let number, _)):
                guard let next = askAgain(after: number) else { return end() }
                progress = next
            case (.failed(let error), .connecting):
                expect([.unreachable, .refused].contains(error.kind), "\(error) while connecting")
                return end()
            case (.failed(let error), .asking(let number)), (.failed(let error), .fetching(let number, _)):
                expect([.statement, .connectionLost].contains(error.kind), "\(error) of a query")
                expect(error.errno != 0, "failed without an error")
                guard error.kind == .statement, let next = askAgain(after: number) else { return end() }
                progress = next
            default: expect(false, "\(progress) while \(state)")
            }
        }
    }

    private func ask(_ number: Int) -> Progress {
        state = .asking(number)
        return connection.query(Array("SELECT \(number)".utf8))
    }

    private func askAgain(after number: Int) -> Progress? {
        guard number < Self.queries else { return nil }
        if checksIdle, let error = connection.checkIdle() {
            expect(error.kind == .connectionLost, "\(error) of an idle connection")
            return nil
        }
        return ask(number + 1)
    }

    /// Reads every byte of a row, so that AddressSanitizer finds one that is outside of it.
    private func read(_ row: Row, _ columns: Int) {
        expect(row.count == columns, "a row of another width")
        for column in 0..<row.count {
            guard let value = row[column] else { continue }
            receivedBytes += value.count
            for byte in value { checksum ^= byte }
        }
    }

    private func wait(for interest: Interest) {
        expect(interest.fileDescriptor == connection.fileDescriptor, "another descriptor is waited for")
        expect(!interest.events.isEmpty, "nothing is waited for")
        if watch?.fileDescriptor != interest.fileDescriptor {
            watch?.cancel()
            watch = Watch(loop, fileDescriptor: interest.fileDescriptor) { [unowned self] in ready($0) }
        }
        watch?.set(
            readable: interest.events.contains(.readable), writable: interest.events.contains(.writable))
        alarm?.set(at: loop.now + Self.silenceLimit)
    }

    private func ready(_ readiness: Reactor.Readiness) {
        wasSilent = false
        var events: MariaDB.Readiness = []
        if readiness.contains(.readable) { events.insert(.readable) }
        if readiness.contains(.writable) { events.insert(.writable) }
        proceed(connection.resume(ready: events))
    }

    private func nothingCame() {
        guard state != .over else { return }
        if wasSilent { return end() }
        wasSilent = true
        onSilence()
        alarm?.set(at: loop.now + Self.silenceLimit)
    }

    private func end() {
        state = .over
        watch?.cancel()
        watch = nil
        alarm?.clear()
        connection.close()
        expect(connection.fileDescriptor == -1, "a closed connection has a descriptor")
    }
}
