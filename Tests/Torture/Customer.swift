import Foundation
import PrivateServer
import TestSupport

/// A client that asks without a pause and checks all that it is told.
final class Customer {
    /// Longer than anything that the daemon may take to answer, or to say that it cannot.
    private static let patience = 40

    /// In trouble, a load may fail with these. A table that is away has no relationships.
    private static let excuses = [
        "database_unavailable", "database_error", "timeout", "shutting_down", "overloaded",
        "unknown_relationship",
    ]

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
        while !world.isOver {
            do {
                try connect()
                try ask()
            } catch {
                client = nil
                world.clientFailed(error, absenceNumber: absenceNumber)
            }
            if chance(1) { client = nil }
        }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func connect() throws {
        guard client == nil else { return }
        absenceNumber = world.absenceNumber
        client = try world.daemon.client(patience: Self.patience)
    }

    private func ask() throws {
        let isLarge = Int.random(in: 0..<2000, using: &random) == 0
        let count = isLarge ? 1 : chance(20) ? Int.random(in: 2...40, using: &random) : 1
        let loads = (0..<count).map { _ in Load(world.truth, isLarge: isLarge, &random) }
        let lines = loads.enumerated().map { $1.line(id: $0) + "\n" }
        let cancelled = count > 1 && chance(10) ? Int.random(in: 0..<count, using: &random) : nil
        let cancel = cancelled.map { "{\"id\":\"c\",\"op\":\"cancel\",\"target\":\($0)}\n" } ?? ""
        let start = ContinuousClock.now
        let weather = world.ledger.weatherNumber
        try client?.send(Array((lines.joined() + cancel).utf8))
        // Gone in the middle of it.
        if chance(2) {
            client = nil
            return
        }
        // All is taken in before it is looked at: who reads too slowly is disconnected.
        var replies: [(text: String, time: Duration, weather: Int)] = []
        while replies.count < count + (cancelled == nil ? 0 : 1) {
            guard let text = try client?.receive() else { throw LineClient.Failure("closed without a reply") }
            replies.append((text, ContinuousClock.now - start, world.ledger.weatherNumber))
        }
        var open = Set(loads.indices)
        for reply in replies {
            let value = try JSONValue(reply.text)
            if cancelled != nil, value["cancelled"] != nil { continue }
            guard let id = value["id"]?.number.flatMap({ Int($0) }), open.remove(id) != nil else {
                world.ledger.found("a reply that nobody is owed: \(reply.text)")
                continue
            }
            let isCalm = weather % 2 == 0 && weather == reply.weather
            judge(
                value, loads[id], id: id, mayBeCancelled: id == cancelled, isCalm: isCalm, after: reply.time)
        }
        if !open.isEmpty { world.ledger.found("no reply to \(open.count) of \(count) loads") }
    }

    private func judge(
        _ reply: JSONValue, _ load: Load, id: Int, mayBeCancelled: Bool, isCalm: Bool, after time: Duration
    ) {
        let ledger = world.ledger
        guard let error = reply["error"] else {
            ledger.answered(rows: load.rows(reply), after: time)
            if let difference = load.difference(reply, world.truth) {
                ledger.found("wrong: \(load.line(id: id)): \(difference)")
            }
            return
        }
        let code = error["code"]?.text ?? ""
        ledger.refused(code)
        if load.mayFail(with: code) || mayBeCancelled && code == "cancelled" { return }
        if isCalm || !Self.excuses.contains(code) {
            ledger.found("refused\(isCalm ? " in calm" : ""): \(load.line(id: id).prefix(200)): \(reply)")
        }
    }
}
