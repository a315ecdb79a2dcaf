import Batching
import Relations
import Wire

@testable import Service

/// A client of the engine's; behaves as a session does.
final class SimulatedClient: Client {
    var share = FairShare()
    var keysOnTheirWay = 0
    private(set) var owed: [PendingLoad] = []
    private var output = ByteBuffer()
    private(set) var isGone = false
    private var records: [RequestID: LoadRecord] = [:]
    /// Loads whose replies wait until the client reads again.
    private var held: [PendingLoad] = []
    /// Until then it reads nothing.
    private var deafUntil: Int64 = 0
    private let number: Int
    private unowned let history: History

    init(_ history: History, number: Int) {
        self.history = history
        self.number = number
    }

    func record(of load: PendingLoad) -> LoadRecord? { load.requestID.flatMap { records[$0] } }

    func send(_ record: LoadRecord, to engine: Engine) {
        records[record.id] = record
        record.state = .sent
        engine.submit(record.load, id: record.id, bytes: 100, from: self)
    }

    func hangUp(_ engine: Engine) {
        isGone = true
        for record in records.values where record.state == .sent { record.state = .abandoned }
        let unpaid = owed
        owed = []
        held = []
        // What it has not read stays so.
        deafUntil = .max
        engine.abandon(unpaid)
    }

    // MARK: What the engine says

    func owe(_ load: PendingLoad) { owed.append(load) }

    func settle(_ load: PendingLoad) {
        owed.removeAll { $0 === load }
        held.removeAll { $0 === load }
    }

    func reply(_ requestID: RequestID?, write: (inout ByteBuffer) -> Failure?) {
        let start = output.count
        if let failure = write(&output) {
            if output.count != start { history.fault("a reply that was not written left bytes behind") }
            return reply(failure, to: requestID)
        }
        let line = output.withBytes { String(decoding: $0[start...], as: UTF8.self) }
        answer(requestID) { history.judge.judge(rows: line, for: $0) }
    }

    func reply(_ failure: Failure, to requestID: RequestID?) {
        answer(requestID) { history.judge.judge(failure, for: $0, of: self) }
    }

    func reply(_ requestID: RequestID?, moving reply: inout ByteBuffer) {
        let line = reply.withBytes { String(decoding: $0, as: UTF8.self) }
        answer(requestID) { history.judge.judge(rows: line, for: $0) }
    }

    // MARK: Replies that wait

    private static let mostHeld = 3

    func hasRoom(for _: PendingLoad) -> Bool { isReading }

    private var isReading: Bool { history.agenda.now >= deafUntil }

    var awaitsLongReply = false {
        didSet { if !awaitsLongReply { history.agenda.add(.flush(client: number), after: 0) } }
    }

    func hold(_ load: PendingLoad) -> Bool {
        if isGone { history.fault("a reply is held for a client that is gone") }
        guard held.count < Self.mostHeld else {
            record(of: load)?.isRefusedRoom = true
            return false
        }
        load.isHeld = true
        held.append(load)
        record(of: load)?.wasHeld = true
        return true
    }

    func flush(_ engine: Engine) {
        while isReading, !awaitsLongReply, !held.isEmpty {
            let load = held.removeFirst()
            load.isHeld = false
            if let root = load.root { engine.complete(root, of: load) }
        }
    }

    private func stopReading(for pause: Int64) {
        deafUntil = history.agenda.now + pause
        history.agenda.add(.flush(client: number), after: pause)
    }

    private func answer(_ requestID: RequestID?, _ judge: (LoadRecord) -> Void) {
        guard let requestID, let record = records[requestID] else {
            return history.fault("a reply to nobody")
        }
        judge(record)
        history.note("load \(record.number) is answered")
        if let pause = record.pause, !isGone { stopReading(for: pause) }
    }
}
