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
    private let leadingCount: Int

    init(_ batch: Batch, route: Route, maxReplyBytes: Int) {
        self.batch = batch
        self.route = route
        let keys = batch.entries.map(\.key)
        statement = route.planner.statement(for: keys)
        index = KeyIndex(keys)
        harvest = Harvest(keys: keys.count, maxBytesOfKey: maxReplyBytes)
        maxBytes = maxReplyBytes
        leadingCount = statement.leadingTypes.count
    }

    var canSplit: Bool { batch.entries.count > 1 }

    /// A column that changed its type under a running daemon would be compared or shown wrongly: rows are taken only
    /// if every column is still of the kind that the catalog says.
    func accepts(_ columns: [ColumnDescription]) -> Bool {
        let expected = statement.leadingTypes + route.relationship.columns.map(\.type)
        return columns.count == expected.count && zip(columns, expected).allSatisfy { $0.kind.holds($1) }
    }

    func take(_ row: Row) {
        hasRows = true
        guard !mustSplit else { return }
        guard let place = place(of: row) else { return harvest.addStray() }
        if route.relationship.kind == .one, harvest.distributor.rows(of: place) > 0 {
            return harvest.addUnshown(to: place)
        }
        let leading = leadingCount
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

extension ColumnDescription.Kind {
    /// Whether values of this kind have the text form of the type.
    fileprivate func holds(_ type: ColumnType) -> Bool {
        switch (self, type) {
        case (.null, _), (.integer, .integer), (.integer, .year), (.bit, .bit), (.decimal, .decimal): true
        // A FLOAT is asked for as a DOUBLE.
        case (.real, .float), (.real, .double): true
        case (.temporal, .date), (.temporal, .time), (.temporal, .datetime), (.temporal, .timestamp): true
        case (.string, .text), (.string, .enumeration), (.string, .set), (.string, .binary), (.string, .uuid),
            (.string, .inet4), (.string, .inet6), (.string, .json), (.string, .geometry):
            true
        case (.integer, _), (.bit, _), (.decimal, _), (.real, _), (.temporal, _), (.string, _): false
        }
    }
}
