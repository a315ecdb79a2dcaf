import Loading
import TestSupport

extension Query {
    /// The result, cell by cell. Where no order is asked for, it is any.
    func rows(in tables: SimulatedTables, _ random: inout SeededGenerator) -> [[String?]] {
        // The server compares the keys of a list with an index, in its order.
        let keys = form == .list ? keys.sorted { Int($0) ?? 0 < Int($1) ?? 0 } : keys
        let found = keys.enumerated().flatMap { place, key in
            let rows = tables.rows(of: table, where: column, equals: key)
            guard selected.contains(.count) else { return rows.map { cells($0, place, count: 0) } }
            let isShown = !rows.isEmpty || !isGrouped
            return isShown ? [cells(rows.first ?? [:], place, count: rows.count)] : []
        }
        return isOrdered ? found : found.shuffled(using: &random)
    }

    private func cells(_ row: ShopRow, _ place: Int, count: Int) -> [String?] {
        selected.map { selected in
            switch selected {
            case .column(let name): row[name]
            case .count: "\(count)"
            case .ordinal: "\(place + 1)"
            }
        }
    }
}

extension RowView {
    /// Lays cells out as a driver does.
    static func withCells(_ cells: [String?], _ body: (RowView) -> Void) {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for cell in cells {
            starts.append(bytes.count)
            bytes += (cell ?? "").utf8.map { CChar(bitPattern: $0) }
            bytes.append(0)
        }
        let lengths = cells.map { UInt($0?.utf8.count ?? 0) }
        bytes.withUnsafeMutableBufferPointer { bytes in
            var values = zip(cells, starts).map { cell, start in
                cell == nil ? nil : bytes.baseAddress.map { $0 + start }
            }
            values.withUnsafeMutableBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    guard let values = values.baseAddress, let lengths = lengths.baseAddress else { return }
                    body(RowView(cells: values, lengths: lengths, count: cells.count))
                }
            }
        }
    }
}
