import Batching
import Relations
import Wire

@testable import Service

/// A client of the engine's; behaves as a session does.
final class SimulatedClient: Client {
    var share = Share()
    var keysOnTheirWay = 0
    private(set) var owed: [PendingLoad] = []
    private var output = ByteBuffer()
    private(set) var isGone = false
    private var records: [RequestID: LoadRecord] = [:]
    private unowned let history: History

    init(_ history: History) { self.history = history }

    func record(of load: PendingLoad) -> LoadRecord? { load.requestID.flatMap { records[$0] } }

    func send(_ record: LoadRecord, to engine: Engine) {
        records[record.id] = record
        record.state = .sent
        engine.submit(record.load, id: record.id, from: self)
    }

    func hangUp(_ engine: Engine) {
        isGone = true
        for record in records.values where record.state == .sent { record.state = .abandoned }
        let unpaid = owed
        owed = []
        engine.abandon(unpaid)
    }

    // MARK: What the engine says

    func owe(_ load: PendingLoad) { owed.append(load) }

    func settle(_ load: PendingLoad) { owed.removeAll { $0 === load } }

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

    private func answer(_ requestID: RequestID?, _ judge: (LoadRecord) -> Void) {
        guard let requestID, let record = records[requestID] else {
            return history.fault("a reply to nobody")
        }
        judge(record)
        history.note("load \(record.number) is answered")
        if record.endsClient, !isGone { hangUp(history.engine) }
    }
}
