import Relations

/// A statement without its keys. Where they stand in it as literals, all around them is the same for every
/// key, and is written once. It is a class, so that handing it out costs one retain.
final class StatementFrame {
    /// What stands before the keys: ``SELECT t.`title` FROM `books` t WHERE ``.
    private let head: SQLWriter
    /// What stands behind them: `` ORDER BY t.`id` ``.
    private let tail: [UInt8]
    private let attribution: Attribution
    private let typeGuards: [ColumnType]

    init(
        _ head: SQLWriter, attribution: Attribution, typeGuards: [ColumnType],
        tail write: (inout SQLWriter) -> Void
    ) {
        self.head = head
        var whole = head
        write(&whole)
        tail = Array(whole.bytes[head.bytes.count...])
        self.attribution = attribution
        self.typeGuards = typeGuards
    }

    /// The bytes for which room is made for each key.
    private static let bytesOfKey = 12

    /// The statement for some keys.
    /// - Parameter write: writes the keys.
    func statement(keys count: Int, _ write: (inout SQLWriter) -> Void) -> Statement {
        let length = head.bytes.count + tail.count + count * Self.bytesOfKey
        var sql = SQLWriter(continuing: head, capacity: length)
        write(&sql)
        sql.write(tail)
        return Statement(sql, attribution: attribution, typeGuards: typeGuards)
    }
}
