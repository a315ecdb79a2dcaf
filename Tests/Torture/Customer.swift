import Foundation
import LineClient
import TestSupport

/// A client that asks without a pause and checks all that it is told.
final class Customer {
    /// Longer than anything that the daemon may take to answer, or to say that it cannot.
    private static let patience = 40

    private let world: World
    private var random: SeededGenerator
    private var client: LineClient?
    /// When it connected.
    private var absenceNumber = 0

    init(_ world: World, seed: UInt64) {
        self.world = world
        random = SeededGenerator(seed: seed)
    }

    func work() {
        do {
            let oracle = try world.oracle()
            while !world.isOver { visit(oracle) }
        } catch {
            world.ledger.found("no connection to the server that is left alone", "\(error)")
        }
    }

    private func visit(_ oracle: Oracle) {
        do {
            try connect()
            try ask(oracle)
        } catch {
            client = nil
            world.clientFailed(error, absenceNumber: absenceNumber)
        }
        if chance(1) { client = nil }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func connect() throws {
        guard client == nil else { return }
        absenceNumber = world.absenceNumber
        client = try world.daemon.client(patience: Self.patience)
    }

    /// Some loads that go in one write.
    private struct Order {
        let loads: [Load]
        /// The place of one that is given up at once.
        let cancelled: Int?
        let weather: Int
    }

    private struct Reply {
        let text: String
        let time: Duration
        let weather: Int
    }

    private func ask(_ oracle: Oracle) throws {
        let isLarge = Int.random(in: 0..<2000, using: &random) == 0
        let count = isLarge ? 1 : chance(20) ? Int.random(in: 2...40, using: &random) : 1
        let loads = (0..<count).map { _ in Load(world.truth, oracle, isLarge: isLarge, &random) }
        let lines = loads.enumerated().map { $1.line(id: $0) + "\n" }
        let cancelled = count > 1 && chance(10) ? Int.random(in: 0..<count, using: &random) : nil
        let cancel = cancelled.map { "{\"id\":\"c\",\"op\":\"cancel\",\"target\":\($0)}\n" } ?? ""
        let start = ContinuousClock.now
        let order = Order(loads: loads, cancelled: cancelled, weather: world.weather.number)
        try client?.send(Array((lines.joined() + cancel).utf8))
        // Gone in the middle of it.
        if chance(2) {
            client = nil
            return
        }
        // All is taken in before it is looked at: who reads too slowly is disconnected.
        var replies: [Reply] = []
        while replies.count < count + (cancelled == nil ? 0 : 1) {
            guard let text = try client?.receive() else { throw LineClient.Failure("closed without a reply") }
            replies.append(
                Reply(text: text, time: ContinuousClock.now - start, weather: world.weather.number))
        }
        try judge(replies, to: order, oracle)
    }

    private func judge(_ replies: [Reply], to order: Order, _ oracle: Oracle) throws {
        var open = Set(order.loads.indices)
        for reply in replies {
            let value = try JSONValue(reply.text)
            if order.cancelled != nil, value["cancelled"] != nil { continue }
            guard let id = value["id"]?.number.flatMap({ Int($0) }), open.remove(id) != nil else {
                world.ledger.found("a reply that nobody is owed", reply.text)
                continue
            }
            guard let error = value["error"] else {
                let load = order.loads[id]
                world.ledger.answered(
                    rows: load.rows(value), isSelection: load.isSelection, after: reply.time)
                check(value, load, id: id, oracle)
                continue
            }
            world.ledger.refused(error["code"]?.text ?? "")
            judge(error, to: id, of: order, met: world.weather.faults(from: order.weather, to: reply.weather))
        }
        if !open.isEmpty { world.ledger.found("no reply", "to \(open.count) of \(order.loads.count) loads") }
    }

    private func check(_ reply: JSONValue, _ load: Load, id: Int, _ oracle: Oracle) {
        do {
            if let difference = try load.difference(reply, world.truth, oracle) {
                world.ledger.found("a wrong answer", "\(load.line(id: id).prefix(400)): \(difference)")
            }
        } catch {
            world.ledger.found(
                "the database does not say what is right", "\(error): \(load.line(id: id).prefix(400))")
        }
    }

    private func judge(_ error: JSONValue, to id: Int, of order: Order, met faults: [Fault]) {
        let code = error["code"]?.text ?? ""
        let load = order.loads[id]
        if load.mayFail(with: code) || id == order.cancelled && code == "cancelled" { return }
        if faults.count == 1 { world.ledger.suffered(code, from: faults[0].name) }
        if faults.contains(where: { $0.excuses.contains(code) }) { return }
        let when = faults.isEmpty ? "in calm" : "while " + faults.map(\.name).joined(separator: ", then ")
        world.ledger.found("\(code) \(when)", "\(error), to \(load.line(id: id).prefix(300))")
    }
}
