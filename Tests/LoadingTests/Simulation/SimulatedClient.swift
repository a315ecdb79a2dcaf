import Loading
import Relations
import Wire

/// A client of the engine: it sends loads, and reads the lines that its reply queue has for it, unless it
/// pauses.
final class SimulatedClient {
    let queue: ReplyQueue
    private(set) var isGone = false
    private var records: [RequestID: LoadRecord] = [:]
    /// Until then it reads nothing.
    private var pausesUntil: Int64 = 0
    private var isReadDue = false
    private let number: Int
    private unowned let simulation: Simulation

    init(_ simulation: Simulation, number: Int) {
        self.simulation = simulation
        self.number = number
        queue = ReplyQueue(account: ClientAccount(), context: simulation.engine.context)
        queue.onWork = { [unowned self] in queueHasWork() }
    }

    func record(of load: PendingLoad) -> LoadRecord? {
        load.queue === queue ? load.requestID.flatMap { records[$0] } : nil
    }

    func send(_ record: LoadRecord, to engine: Engine) {
        records[record.id] = record
        record.state = .sent
        engine.submit(record.load, id: record.id, bytes: 100, from: queue)
    }

    func hangUp(_ engine: Engine) {
        isGone = true
        for record in records.values where record.state == .sent { record.state = .abandoned }
        engine.abandon(queue.close())
    }

    // MARK: Replies

    private func queueHasWork() {
        // The daemon's session would not exist any more.
        if isGone { return simulation.fault("a client that is gone is called") }
        noteReplies()
        if !isReadDue { readLater(after: max(0, pausesUntil - simulation.clock.time)) }
    }

    /// Notes which loads have just got their replies, and what could be seen at that moment.
    private func noteReplies() {
        let owed = Set(queue.owed.compactMap(\.requestID))
        for record in records.values where record.isOwed {
            guard !owed.contains(record.id) else { continue }
            record.reply = LoadRecord.Reply(
                time: simulation.clock.time, keysOnTheirWay: simulation.engine.context.loads.keyCount,
                clientKeys: queue.account.keysOnTheirWay, unreadBytes: queue.unreadBytes)
            record.wasPaused = pausesUntil > record.sentAt
        }
    }

    private func readLater(after nanoseconds: Int64) {
        isReadDue = true
        simulation.clock.add(.read(client: number), after: nanoseconds)
    }

    /// Reads line by line, until it pauses after one or has all.
    func read() {
        isReadDue = false
        if isGone { return }
        while queue.hasOutput {
            guard pausesUntil <= simulation.clock.time else {
                return readLater(after: pausesUntil - simulation.clock.time)
            }
            var line = ""
            queue.send { bytes in
                let end = bytes.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
                line = String(decoding: bytes[..<end], as: UTF8.self)
                return end
            }
            received(line)
            queue.sendingEnds(idleCapacity: 0)
            queue.resume()
        }
        queue.sendingEnds(idleCapacity: 0)
        queue.resume()
    }

    private func received(_ line: String) {
        guard let id = Self.id(of: line), let record = records[id] else {
            return simulation.fault("a reply to nobody: \(line)")
        }
        simulation.oracle.judge(line, for: record)
        simulation.note("load \(record.number) is answered")
        if let pause = record.pause { pausesUntil = simulation.clock.time + pause }
    }

    /// `{"id":7,…`
    private static func id(of line: String) -> RequestID? {
        guard line.hasPrefix("{\"id\":") else { return nil }
        return Int64(line.dropFirst(6).prefix { $0.isNumber }).map { RequestID($0) }
    }
}
