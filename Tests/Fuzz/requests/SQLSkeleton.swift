/// A statement with `'?'` for each string. The ends of strings are found by the server's rules, independently
/// of SQLWriter: https://mariadb.com/kb/en/string-literals/
struct SQLSkeleton: Equatable {
    private(set) var text: [UInt8] = []
    private var place = 0

    init(_ sql: [UInt8]) {
        while place < sql.count {
            text.append(sql[place])
            let isString = sql[place] == UInt8(ascii: "'")
            place += 1
            if isString { skipString(sql) }
        }
    }

    /// Skips a string from after its opening quote to after its closing one. Without a closing quote there is
    /// no skeleton.
    private mutating func skipString(_ sql: [UInt8]) {
        while place < sql.count {
            switch sql[place] {
            case UInt8(ascii: "\\"): place += 2
            case UInt8(ascii: "'"):
                place += 1
                guard place < sql.count, sql[place] == UInt8(ascii: "'") else {
                    return text.append(contentsOf: "?'".utf8)
                }
                place += 1
            default: place += 1
            }
        }
        text.append(contentsOf: "unended".utf8)
    }

    static func == (left: SQLSkeleton, right: SQLSkeleton) -> Bool { left.text == right.text }
}
