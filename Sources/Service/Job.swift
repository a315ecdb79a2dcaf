import Batching
import FanOut
import MariaDB
import Planning
import Relations
import Wire

/// One batch on its way through a connection: its statement, and the rows that have come.
final class Job {
    let batch: Batch
    let route: Route
    let statement: Statement
    let harvest: Harvest
    /// Set when the rows of several keys are too many to be kept together: each key is then asked alone.
    private(set) var mustSplit = false
    private(set) var hasRows = false
    private var index: KeyIndex
    private let maxBytes: Int

    init(_ batch: Batch, route: Route, maxReplyBytes: Int) {
        self.batch = batch
        self.route = route
        let keys = batch.entries.map(\.key)
        statement = route.planner.statement(for: keys)
        index = KeyIndex(keys)
        harvest = Harvest(keys: keys.count, maxBytesOfKey: maxReplyBytes)
        maxBytes = maxReplyBytes
    }

    var canSplit: Bool { batch.entries.count > 1 }

    /// A column that changed its type under a running daemon would be compared wrongly: rows are taken only if the
    /// leading columns are still numbers.
    func accepts(_ columns: [ColumnDescription]) -> Bool {
        guard columns.count == statement.leadingColumns + route.relationship.columns.count else {
            return false
        }
        guard case .values = statement.attribution else { return true }
        return columns.prefix(statement.leadingColumns).allSatisfy(\.isWholeNumber)
    }

    func take(_ row: Row) {
        hasRows = true
        guard !mustSplit else { return }
        guard let place = place(of: row) else { return harvest.addStray() }
        if route.relationship.kind == .one, harvest.distributor.rows(of: place) > 0 {
            return harvest.addUnshown(to: place)
        }
        let leading = statement.leadingColumns
        harvest.add(to: place) { arena in
            route.encoder.encode(into: &arena) { row[leading + $0] }
        }
        if canSplit, harvest.byteCount > maxBytes {
            mustSplit = true
            harvest.discard()
        }
    }

    /// Which of the batch's keys the row belongs to; nil for none of them.
    private func place(of row: Row) -> Int? {
        switch statement.attribution {
        case .single: return 0
        case .ordinal:
            guard case .integer(let ordinal) = ReturnedKey.scalar(row[0], as: Self.ordinalType),
                (1...Int64(batch.entries.count)).contains(ordinal)
            else { return nil }
            return Int(ordinal) - 1
        case .values(let types):
            if types.count == 1 {
                return ReturnedKey.scalar(row[0], as: types[0]).flatMap { index.place(of: .single($0)) }
            }
            let parts = types.indices.compactMap { ReturnedKey.scalar(row[$0], as: types[$0]) }
            return parts.count == types.count ? index.place(of: .composite(parts)) : nil
        }
    }

    private static let ordinalType = ColumnType.integer(bits: 64, signed: false, zerofill: false)
}

extension ColumnDescription {
    /// `TINY` 1, `SHORT` 2, `LONG` 3, `LONGLONG` 8, `INT24` 9, `YEAR` 13, `BIT` 16.
    /// https://mariadb.com/kb/en/result-set-packets/#field-types
    fileprivate var isWholeNumber: Bool {
        [1, 2, 3, 8, 9, 13, 16].contains(typeCode)
    }
}
