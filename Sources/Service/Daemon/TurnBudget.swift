import Time

/// What one kind of work may take of a turn of the loop, in which everybody else waits. What is more goes on in the next
/// turn: together with the loop's own bound on callbacks this keeps turns at a few milliseconds (`turn_p99_us`).
/// Not in pieces yet: the keys of one include (`batching.max_client_keys` of them at most) begin to wait, and are given up,
/// at once; and a description is written at once.
enum TurnBudget {
    // MARK: Time

    /// The time for what is done in pieces, and for the requests whose time is over.
    static let tasks = TimeSpan.milliseconds(2)
    /// The time for writing to clients.
    static let flushes = TimeSpan.milliseconds(2)
    /// The time for one client's lines, once `minLines` of them have been handled.
    static let lines = TimeSpan.milliseconds(1)
    /// Lines of one client that are handled however long they take: on a busy machine too, what is sent
    /// together shares a query.
    static let minLines = 64

    // MARK: Bytes and rows

    /// Read from one client.
    static let bytesRead = 1 << 16
    /// Written to one client.
    static let bytesWritten = 1 << 20
    /// Taken from one connection to the database: of the order of half a millisecond.
    static let rowsTaken = 512
    /// The same for rows that are long.
    static let bytesTaken = 1 << 18
}
