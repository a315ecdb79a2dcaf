import DequeModule

/// Work for a load that is too much for one turn of the loop, in which everybody else waits: it is done piece by piece.
protocol SlicedTask: AnyObject {
    /// Does one piece, of a fraction of a millisecond.
    /// - Returns: whether there is more to do.
    func runSlice(for engine: Engine) -> Bool
}

/// The tasks that are under way, each a piece in turn.
struct TaskQueue {
    struct Limits {
        /// Nanoseconds of a turn after which no further piece is begun.
        var budget = TurnBudget.tasks
        /// A load of no more rows is never a task: making one would cost more than it is worth.
        var maxRowsOfNoTask = 64
        /// Rows that may be handled at once in a turn, for loads of which none is a task by itself.
        var rowsAtOnce = 2048
        /// Rows, or what takes about as long, that are handled in one piece.
        var rowsInSlice = 512
    }

    let limits: Limits
    private var waiting: Deque<any SlicedTask> = []
    private var rowsInTurn = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// Bytes that take about as long to copy as a row takes to be handled.
    private static let bytesOfRow = 1 << 10

    /// Whether work on so many rows may be done at once; it is counted as done then.
    /// - Parameter bytes: of the rows, as far as they are copied.
    mutating func allow(rows: Int, bytes: Int) -> Bool {
        let work = max(rows, bytes / Self.bytesOfRow)
        guard work <= limits.maxRowsOfNoTask || rowsInTurn + work <= limits.rowsAtOnce else { return false }
        rowsInTurn += work
        return true
    }

    /// Whether this turn has had its share of work that was done at once.
    var isTurnFull: Bool { rowsInTurn >= limits.rowsAtOnce }

    /// Work that was done at once and may have been more than was known before.
    mutating func countDone(rows: Int, bytes: Int) {
        rowsInTurn += max(rows, bytes / Self.bytesOfRow)
    }

    mutating func add(_ task: any SlicedTask) {
        waiting.append(task)
    }

    /// In the order of their turns.
    var all: some Sequence<any SlicedTask> { waiting }

    mutating func next() -> (any SlicedTask)? { waiting.popFirst() }

    mutating func turnEnds() {
        rowsInTurn = 0
    }
}
