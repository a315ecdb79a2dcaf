import Testing
import Time

@testable import Loading

/// A task of so many slices that writes its name at each.
private final class NotingTask: SlicedTask {
    private let name: String
    private var slices: Int
    private let note: (String, Int) -> Void

    init(_ name: String, slices: Int, _ note: @escaping (String, Int) -> Void) {
        (self.name, self.slices, self.note) = (name, slices, note)
    }

    func runSlice(rows: Int) -> Bool {
        slices -= 1
        note(name, rows)
        return slices > 0
    }
}

/// Long work gives way to others, and short work is not made long.
@Suite struct TaskQueueTests {
    private func queue(minTaskRows: Int = 10, maxRowsAtOnce: Int = 100) -> TaskQueue {
        TaskQueue(
            .init(
                budget: .zero, minTaskRows: minTaskRows, maxRowsAtOnce: maxRowsAtOnce, rowsInSlice: 7))
    }

    @Test func `tasks take turns, slice by slice`() {
        let queue = queue()
        var names = ""
        for (name, slices) in [("a", 3), ("b", 1), ("c", 2)] {
            queue.add(NotingTask(name, slices: slices) { name, _ in names += name })
        }
        queue.run { false }
        #expect(names == "abcaca")
        #expect(queue.isEmpty)
    }

    @Test func `when the time is up, the next turn goes on with the next task`() {
        let queue = queue()
        var names = ""
        for name in ["a", "b"] { queue.add(NotingTask(name, slices: 2) { name, _ in names += name }) }
        for turn in 1...4 {
            #expect(!queue.isEmpty)
            queue.run { true }
            #expect(names.count == turn)
        }
        #expect(names == "abab" && queue.isEmpty)
    }

    @Test func `a slice is of as many rows as the limit says`() {
        let queue = queue()
        queue.add(NotingTask("a", slices: 1) { _, rows in #expect(rows == 7) })
        queue.run { false }
    }

    @Test func `a task that was added since the last turn is new`() {
        let queue = queue()
        #expect(!queue.hasNew)
        queue.add(NotingTask("a", slices: 2) { _, _ in })
        #expect(queue.hasNew)
        queue.run { true }
        #expect(!queue.hasNew && !queue.isEmpty)
    }

    @Test func `a turn does so many rows at once and no more, but little work always`() {
        let queue = queue()
        #expect(queue.claim(rows: 60, bytes: 0))
        #expect(!queue.claim(rows: 41, bytes: 0))
        #expect(!queue.isTurnFull)
        #expect(queue.claim(rows: 40, bytes: 0))
        #expect(queue.isTurnFull)
        #expect(!queue.claim(rows: 11, bytes: 0))
        #expect(queue.claim(rows: 10, bytes: 0))
        queue.run { false }
        #expect(!queue.isTurnFull)
        #expect(queue.claim(rows: 100, bytes: 0))
        #expect(!queue.claim(rows: 11, bytes: 0))
    }

    @Test func `bytes that are copied count like rows, a KiB each`() {
        let queue = queue(minTaskRows: 0, maxRowsAtOnce: 10)
        #expect(!queue.claim(rows: 1, bytes: 11 << 10))
        #expect(queue.claim(rows: 1, bytes: (11 << 10) - 1))
        #expect(queue.isTurnFull)
        queue.run { false }
        queue.countDone(rows: 3, bytes: 9 << 10)
        #expect(!queue.isTurnFull)
        queue.countDone(rows: 1, bytes: 0)
        #expect(queue.isTurnFull)
    }
}

@Suite struct MemoryGaugeTests {
    @Test func `each holder counts for what it holds now`() {
        let gauge = MemoryGauge(limit: 100)
        var (first, second) = (0, 0)
        gauge.update(&first, to: 60)
        gauge.update(&second, to: 30)
        #expect(gauge.bytes == 90 && first == 60 && second == 30)
        gauge.update(&first, to: 10)
        #expect(gauge.bytes == 40)
        gauge.update(&first, to: 0)
        gauge.update(&second, to: 0)
        #expect(gauge.bytes == 0)
    }

    @Test func `memory is full beyond the limit, not at it`() {
        let gauge = MemoryGauge(limit: 100)
        var held = 0
        gauge.update(&held, to: 100)
        #expect(!gauge.isFull && !gauge.hasLackedRoom)
        gauge.update(&held, to: 101)
        #expect(gauge.isFull && gauge.hasLackedRoom)
    }

    @Test func `that room was lacking is remembered, but only of those who wanted more`() {
        let gauge = MemoryGauge(limit: 100)
        var held = 0
        gauge.update(&held, to: 200)
        gauge.hasLackedRoom = false
        gauge.update(&held, to: 200)
        gauge.update(&held, to: 150)
        #expect(gauge.isFull && !gauge.hasLackedRoom)
        gauge.update(&held, to: 151)
        gauge.update(&held, to: 0)
        #expect(!gauge.isFull && gauge.hasLackedRoom)
    }
}
