/// A statement with `'?'` for each string. Where a string ends is read from the server's rules, and not from our writer:
/// https://mariadb.com/kb/en/string-literals/
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

    /// From behind the opening quote to behind the closing one; without one, what stands here is no skeleton of anything.
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
