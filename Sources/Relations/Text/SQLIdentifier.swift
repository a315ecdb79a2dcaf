/// Quotes names of databases, tables and columns for SQL: the only place where that is done.
/// https://mariadb.com/kb/en/identifier-names/
package enum SQLIdentifier {
    /// Returns `` `odd``name` ``: the name in backticks, with every backtick in it doubled.
    package static func quoted(_ name: String) -> String {
        var sql: [UInt8] = []
        append(name, to: &sql)
        return String(decoding: sql, as: UTF8.self)
    }

    /// Appends what ``quoted(_:)`` returns, as UTF-8.
    package static func append(_ name: String, to sql: inout [UInt8]) {
        let backtick = UInt8(ascii: "`")
        sql.append(backtick)
        var name = name
        name.withUTF8 { utf8 in
            // Hardly any name has a backtick in it.
            guard utf8.contains(backtick) else { return sql.append(contentsOf: utf8) }
            for byte in utf8 {
                if byte == backtick { sql.append(backtick) }
                sql.append(byte)
            }
        }
        sql.append(backtick)
    }
}
