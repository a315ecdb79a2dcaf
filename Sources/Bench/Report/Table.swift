/// Columns of text, the first aligned left and the others right.
struct Table {
    let head: [String]
    let rows: [[String]]

    init(_ head: [String], _ rows: [[String]]) {
        self.head = head
        self.rows = rows
    }

    /// For a terminal.
    var text: String {
        let lines = [head] + rows
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { row in
            row.enumerated().map { column, text in
                let blanks = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + blanks : blanks + text
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

// MARK: Numbers

/// `12`, `3.4`, `0.56`, `44,271`: three digits are as many as such measurements bear. `–` if there is no value.
func shown(_ value: Double?) -> String {
    guard let value else { return shown(value, decimals: 0) }
    return shown(value, decimals: abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : 2)
}

/// The value with this number of decimals, and commas between thousands: `1,234.5`. `–` if there is no value.
func shown(_ value: Double?, decimals: Int) -> String {
    let scale = [1.0, 10, 100, 1000][decimals]
    guard let value, abs(value) < 1e15 else { return "–" }
    let scaled = Int((abs(value) * scale).rounded())
    var digits = String(scaled)
    digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    var whole = String(digits.dropLast(decimals))
    var place = whole.count - 3
    while place > 0 {
        whole.insert(",", at: whole.index(whole.startIndex, offsetBy: place))
        place -= 3
    }
    let fraction = decimals == 0 ? "" : "." + digits.suffix(decimals)
    return (value < 0 && scaled > 0 ? "-" : "") + whole + fraction
}

/// How many decimals the values of a column need, so that the smallest of them has two digits.
func decimals(for values: [Double?]) -> Int {
    switch values.compactMap({ $0 }).filter({ $0 > 0 }).min() ?? 1 {
    case 10...: 0
    case 1...: 1
    case 0.1...: 2
    default: 3
    }
}

func median(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
