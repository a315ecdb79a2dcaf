import Foundation
import LineClient
import PrivateServer
import TestSupport

/// A client that asks without a pause and checks every reply.
final class VerifyingClient {
    /// Seconds; longer than the daemon may take to answer, or to say that it cannot.
    private static let timeout = 40

    private let rig: TortureRig
    private var random: SeededGenerator
    private var client: LineClient?
    /// The rig's `absenceNumber` when the client connected.
    private var absenceNumber = 0

    init(_ rig: TortureRig, seed: UInt64) {
        self.rig = rig
        random = SeededGenerator(seed: seed)
    }

    func work() {
        do {
            let oracle = try rig.oracle()
            while !rig.isOver { askOnce(oracle) }
        } catch {
            rig.findings.record("no connection to the reference server", "\(error)")
        }
    }

    private func askOnce(_ oracle: Oracle) {
        do {
            try connect()
            try ask(oracle)
        } catch {
            client = nil
            rig.clientFailed(error, absenceNumber: absenceNumber)
        }
        if chance(1) { client = nil }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func connect() throws {
        guard client == nil else { return }
        absenceNumber = rig.absenceNumber
        client = try rig.daemon.client(timeout: Self.timeout)
    }

    /// Loads that are sent in one write.
    private struct SentLoads {
        let loads: [RandomLoad]
        /// The index of a load that is cancelled at once.
        let cancelled: Int?
        /// The timeline's number when they were sent.
        let period: Int
    }

    private struct Reply {
        let text: String
        let time: Duration
        /// The timeline's number when the reply came.
        let period: Int
    }

    private func ask(_ oracle: Oracle) throws {
        let isLarge = Int.random(in: 0..<2000, using: &random) == 0
        let count = isLarge ? 1 : chance(20) ? Int.random(in: 2...40, using: &random) : 1
        let loads = (0..<count).map { _ in RandomLoad(rig.answers, oracle, isLarge: isLarge, &random) }
        let lines = loads.enumerated().map { $1.line(id: $0) + "\n" }
        let cancelled = count > 1 && chance(10) ? Int.random(in: 0..<count, using: &random) : nil
        let cancel = cancelled.map { "{\"id\":\"c\",\"op\":\"cancel\",\"target\":\($0)}\n" } ?? ""
        let start = ContinuousClock.now
        let sent = SentLoads(loads: loads, cancelled: cancelled, period: rig.timeline.number)
        try client?.send(Array((lines.joined() + cancel).utf8))
        // A client may be gone before its replies.
        if chance(2) {
            client = nil
            return
        }
        // All replies are read before any is checked: a client that reads too slowly is disconnected.
        var replies: [Reply] = []
        while replies.count < count + (cancelled == nil ? 0 : 1) {
            guard let text = try client?.receive() else { throw LineClient.Failure("closed without a reply") }
            replies.append(
                Reply(text: text, time: ContinuousClock.now - start, period: rig.timeline.number))
        }
        try check(replies, to: sent, oracle)
    }

    private func check(_ replies: [Reply], to sent: SentLoads, _ oracle: Oracle) throws {
        var open = Set(sent.loads.indices)
        for reply in replies {
            let value = try JSONValue(reply.text)
            if sent.cancelled != nil, value["cancelled"] != nil { continue }
            guard let id = value["id"]?.number.flatMap({ Int($0) }), open.remove(id) != nil else {
                rig.findings.record("a reply that nobody is owed", reply.text)
                continue
            }
            guard let error = value["error"] else {
                let load = sent.loads[id]
                rig.findings.recordAnswer(
                    rows: load.rows(value), isSelection: load.isSelection, after: reply.time)
                check(value, load, id: id, oracle)
                continue
            }
            rig.findings.recordError(error["code"]?.text ?? "")
            check(error, to: id, of: sent, during: rig.timeline.faults(from: sent.period, to: reply.period))
        }
        if !open.isEmpty { rig.findings.record("no reply", "to \(open.count) of \(sent.loads.count) loads") }
    }

    private func check(_ reply: JSONValue, _ load: RandomLoad, id: Int, _ oracle: Oracle) {
        do {
            if let difference = try load.difference(reply, rig.answers, oracle) {
                rig.findings.record("a wrong answer", "\(load.line(id: id).prefix(400)): \(difference)")
            }
        } catch {
            rig.findings.record(
                "the reference server did not answer", "\(error): \(load.line(id: id).prefix(400))")
        }
    }

    private func check(_ error: JSONValue, to id: Int, of sent: SentLoads, during faults: [Fault]) {
        let code = error["code"]?.text ?? ""
        let load = sent.loads[id]
        if load.mayFail(with: code) || id == sent.cancelled && code == "cancelled" { return }
        if faults.count == 1 { rig.findings.recordError(code, from: faults[0].name) }
        if faults.contains(where: { $0.allowedErrors.contains(code) }) { return }
        let when =
            faults.isEmpty ? "without a fault" : "while " + faults.map(\.name).joined(separator: ", then ")
        rig.findings.record("\(code) \(when)", "\(error), to \(load.line(id: id).prefix(300))")
    }
}
