/// A query of the simulated database.
struct Query {
    enum Selected: Equatable {
        case column(String)
        case count
        /// The key's place in the batch, from 1.
        case ordinal
    }

    enum Form {
        case equality, list, ordinals
    }

    var selected: [Selected] = []
    var form = Form.equality
    var table = ""
    var column = ""
    var keys: [String] = []
    var isGrouped = false
    /// By the primary key within each key.
    var isOrdered = false
}

/// Reads the few forms of SQL that relationships of one column without conditions need. Anything else is an
/// error.
struct SQLReader {
    struct Unreadable: Error {
        let rest: String
    }

    private let text: [UInt8]
    private var place = 0

    static func query(_ sql: [UInt8]) throws -> Query {
        var reader = SQLReader(text: sql)
        return try reader.query()
    }

    private init(text: [UInt8]) { self.text = text }

    private mutating func query() throws -> Query {
        var query = Query()
        try expect("SELECT ")
        repeat { query.selected.append(try selected()) } while take(",")
        try expect(" FROM ")
        if take("JSON_TABLE('[") { try keyTable(&query) } else { try condition(&query) }
        try grouping(&query)
        try order(&query)
        guard place == text.count else { throw unreadable }
        return query
    }

    // k.o or COUNT(*) or t.`id`
    private mutating func selected() throws -> Query.Selected {
        if take("k.o") { return .ordinal }
        if take("COUNT(*)") { return .count }
        return .column(try column())
    }

    // "a","b"]','$[*]' COLUMNS (…)) k STRAIGHT_JOIN `pets` t ON t.`owner_id`=k.k0
    private mutating func keyTable(_ query: inout Query) throws {
        query.form = .ordinals
        repeat {
            try expect("\"")
            query.keys.append(try text(until: "\""))
        } while take(",")
        try expect("]','$[*]' COLUMNS (o FOR ORDINALITY,k0 VARCHAR(")
        _ = try text(until: ")")
        try expect(" CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$')) k STRAIGHT_JOIN ")
        query.table = try identifier()
        try expect(" t ON ")
        query.column = try column()
        try expect("=k.k0")
    }

    // `books` t WHERE t.`author_id` IN (1,2)
    private mutating func condition(_ query: inout Query) throws {
        query.table = try identifier()
        try expect(" t WHERE ")
        query.column = try column()
        if take("=") {
            query.keys = [try literal()]
            return
        }
        try expect(" IN (")
        query.form = .list
        repeat { query.keys.append(try literal()) } while take(",")
        try expect(")")
    }

    private mutating func grouping(_ query: inout Query) throws {
        guard take(" GROUP BY ") else { return }
        query.isGrouped = true
        if query.form == .ordinals { return try expect("k.o") }
        guard try column() == query.column else { throw unreadable }
    }

    // ORDER BY t.`author_id`,t.`id`
    private mutating func order(_ query: inout Query) throws {
        guard take(" ORDER BY ") else { return }
        query.isOrdered = true
        switch query.form {
        case .equality: break
        case .list: try expect("t.`\(query.column)`,")
        case .ordinals: try expect("k.o,")
        }
        try expect("t.`id`")
    }

    // 42 or 'bob'
    private mutating func literal() throws -> String {
        if take("'") { return try text(until: "'") }
        let start = place
        while place < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[place]) { place += 1 }
        guard place > start else { throw unreadable }
        return String(decoding: text[start..<place], as: UTF8.self)
    }

    private mutating func column() throws -> String {
        try expect("t.")
        return try identifier()
    }

    private mutating func identifier() throws -> String {
        try expect("`")
        return try text(until: "`")
    }

    private mutating func text(until end: Unicode.Scalar) throws -> String {
        let start = place
        while place < text.count, text[place] != UInt8(ascii: end) {
            guard text[place] != UInt8(ascii: "\\") else { throw unreadable }
            place += 1
        }
        guard place < text.count else { throw unreadable }
        place += 1
        return String(decoding: text[start..<(place - 1)], as: UTF8.self)
    }

    private mutating func take(_ word: String) -> Bool {
        guard text[place...].starts(with: word.utf8) else { return false }
        place += word.utf8.count
        return true
    }

    private mutating func expect(_ word: String) throws {
        if !take(word) { throw unreadable }
    }

    private var unreadable: Unreadable { Unreadable(rest: String(decoding: text[place...], as: UTF8.self)) }
}
