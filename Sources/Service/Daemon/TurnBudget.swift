import Time

/// What one kind of work may take of a turn of the loop, in which everybody else waits. Work beyond that goes
/// on in the next turn: together with the loop's own bound on callbacks this keeps turns at a few
/// milliseconds (`turn_p99_us`). Not done in slices yet: the keys of one include, of which there are at most
/// `batching.max_client_keys`, begin to wait and are given up in one go, and a description is written in one
/// go.
enum TurnBudget {
    // MARK: Time

    /// The time for what is done in slices, and for the requests whose time is over.
    static let tasks = TimeSpan.milliseconds(2)
    /// The time for writing to clients.
    static let flushes = TimeSpan.milliseconds(2)
    /// The time for one client's lines, once `minLines` of them have been handled.
    static let lines = TimeSpan.milliseconds(1)
    /// Lines of one client that are handled however long they take: on a busy machine too, what is sent
    /// together shares a query.
    static let minLines = 64

    // MARK: Bytes and rows

    /// Bytes that are read from one client.
    static let bytesRead = 1 << 16
    /// Bytes that are written to one client.
    static let bytesWritten = 1 << 20
    /// Rows that are taken from one connection to the database, which takes about half a millisecond.
    static let rowsTaken = 512
    /// Bytes of rows that are taken from one connection, for rows that are long.
    static let bytesTaken = 1 << 18
}
