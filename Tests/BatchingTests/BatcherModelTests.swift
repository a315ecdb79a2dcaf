import Batching
import Relations
import TestSupport
import Testing

/// What must hold whatever happens in which order, checked against a ledger of who waits for what.
private struct Model {
    var batcher = Batcher(limits: .init(window: 1000, maxKeyBytes: 1 << 20))
    var now = Instant(nanoseconds: 0)
    var waiting: [Asker: (key: Key, shape: Shape, since: Instant)] = [:]
    var inFlight: [Batch] = []
    var lastTicket: UInt64 = 0
    let shapes = [Shape(number: 1, maxKeys: 4), Shape(number: 2, maxKeys: 1), Shape(number: 3, maxKeys: 50)]

    mutating func step(_ random: inout SeededGenerator) throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5: submit(&random)
        case 5: now = now + Int64.random(in: 0...1500, using: &random)
        case 6: withdraw(&random)
        case 7: finish(&random)
        default: try take()
        }
        #expect(batcher.queuedKeys == Set(waiting.values.map { [$0.shape.number, $0.key.hashValue] }).count)
    }

    private mutating func submit(_ random: inout SeededGenerator) {
        lastTicket += 1
        let shape = shapes.randomElement(using: &random) ?? shapes[0]
        let key = Key.single(.integer(Int64.random(in: 0..<20, using: &random)))
        let asker = Asker(ticket: TicketID(lastTicket), position: 0)
        batcher.submit(key, of: shape, for: asker, at: now)
        waiting[asker] = (key, shape, now)
    }

    private mutating func withdraw(_ random: inout SeededGenerator) {
        let asker = waiting.keys.sorted { $0.ticket.number < $1.ticket.number }.randomElement(using: &random)
        guard let asker, let wait = waiting.removeValue(forKey: asker) else { return }
        batcher.withdraw(asker.ticket, keys: [wait.key], of: wait.shape)
    }

    private mutating func finish(_ random: inout SeededGenerator) {
        guard let index = inFlight.indices.randomElement(using: &random) else { return }
        batcher.finished(inFlight.remove(at: index))
    }

    mutating func take() throws {
        guard let batch = batcher.take(at: now) else { return try expectNothingDue() }
        #expect(Set(batch.entries.map(\.key)).count == batch.entries.count, "each key once")
        #expect((1...batch.shape.maxKeys).contains(batch.entries.count))
        for entry in batch.entries {
            #expect(!entry.askers.isEmpty, "nobody asked for this key")
            for asker in entry.askers {
                let removed = waiting.removeValue(forKey: asker)
                let wait = try #require(removed, "answered twice or after withdrawing")
                #expect(wait.key == entry.key && wait.shape == batch.shape)
            }
        }
        let left = waiting.values.filter { $0.shape == batch.shape }
        #expect(
            !left.contains { wait in batch.entries.contains { $0.key == wait.key } },
            "an asker was left behind")
        inFlight.append(batch)
    }

    /// Nobody who has waited for the window, fills a batch or has no query of its shape in flight is left waiting.
    private func expectNothingDue() throws {
        for shape in shapes {
            let waits = waiting.values.filter { $0.shape == shape }
            guard let oldest = waits.map(\.since).min() else { continue }
            #expect(inFlight.contains { $0.shape == shape }, "an idle shape must not wait")
            #expect(now < oldest + 1000, "the window is over")
            #expect(Set(waits.map(\.key)).count < shape.maxKeys, "a full batch must not wait")
            let wake = try #require(batcher.nextWake(after: now), "nobody would be woken")
            #expect(wake <= oldest + 1000)
        }
    }
}

@Suite struct BatcherModelTests {
    @Test(arguments: UInt64(0)..<200)
    func `any order of events keeps every asker, and answers each once`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model = Model()
        for _ in 0..<300 { try model.step(&random) }
        model.now = model.now + 1000
        while !model.waiting.isEmpty {
            let before = model.waiting.count
            try model.take()
            try #require(model.waiting.count < before, "somebody waits for ever")
        }
    }
}
