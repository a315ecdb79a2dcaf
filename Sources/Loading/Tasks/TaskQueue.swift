import DequeModule
package import Time

/// Work that is too much for one turn of the loop, in which everybody else waits: it is done slice by slice.
protocol SlicedTask: AnyObject {
    /// Does a part of the work that takes a fraction of a millisecond: about as much as handling `rows` rows.
    /// - Returns: whether there is more to do.
    func runSlice(rows: Int) -> Bool
}

/// The tasks under way, a slice of each in turn, and how much work of a turn may still be done at once.
package final class TaskQueue {
    package struct Limits: Sendable {
        /// The part of a turn after which no further slice is begun.
        package var budget: TimeSpan
        /// Work on no more rows is always done at once: making a task of it would cost more than it is worth.
        package var minTaskRows: Int
        /// Rows that may be handled at once in one turn, over all loads together; what comes beyond becomes a
        /// task.
        package var maxRowsAtOnce: Int
        /// Rows, or what takes about as long, that are handled in one slice.
        package var rowsInSlice: Int

        package init(
            budget: TimeSpan, minTaskRows: Int = 64, maxRowsAtOnce: Int = 2048, rowsInSlice: Int = 512
        ) {
            self.budget = budget
            self.minTaskRows = minTaskRows
            self.maxRowsAtOnce = maxRowsAtOnce
            self.rowsInSlice = rowsInSlice
        }
    }

    let limits: Limits
    private var waiting: Deque<any SlicedTask> = []
    private var rowsInTurn = 0
    /// Whether a task has been added since ``run(until:)`` was last called.
    private(set) var hasNew = false

    init(_ limits: Limits) {
        self.limits = limits
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// Bytes that take about as long to copy as a row takes to be handled.
    private static let bytesPerRow = 1 << 10

    /// Counts work on so many rows as done at once, if the turn still has room for it.
    /// - Parameter bytes: how many bytes of these rows are to be copied.
    /// - Returns: whether it had room; otherwise the work is to become a task.
    func claim(rows: Int, bytes: Int) -> Bool {
        let work = max(rows, bytes / Self.bytesPerRow)
        guard work <= limits.minTaskRows || rowsInTurn + work <= limits.maxRowsAtOnce else { return false }
        rowsInTurn += work
        return true
    }

    /// Whether this turn has had its share of work that was done at once.
    var isTurnFull: Bool { rowsInTurn >= limits.maxRowsAtOnce }

    /// Counts work that was done at once, whose size was not known before.
    func countDone(rows: Int, bytes: Int) {
        rowsInTurn += max(rows, bytes / Self.bytesPerRow)
    }

    func add(_ task: any SlicedTask) {
        hasNew = true
        waiting.append(task)
    }

    /// Runs slices, each task's in turn, until all tasks are done or `isTimeUp`. It is called once, at the
    /// end of a turn; what is done at once afterwards counts for the next one.
    func run(until isTimeUp: () -> Bool) {
        while let task = waiting.popFirst() {
            if task.runSlice(rows: limits.rowsInSlice) { waiting.append(task) }
            if isTimeUp() { break }
        }
        hasNew = false
        rowsInTurn = 0
    }

    /// The tasks under way, in the order of their turns.
    var all: some Sequence<any SlicedTask> { waiting }
}
