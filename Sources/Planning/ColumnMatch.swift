import Relations

/// Joins of two tables, whose columns are compared as a key would be compared with the second: a parent's row
/// leads to the same rows as its value does when it is given as a key.
extension SQLWriter {
    // t.`author_id`=j0.`id`
    mutating func match(_ column: Column, of alias: String, with near: Column, of nearAlias: String) {
        self.column(column.name, of: alias)
        write("=")
        if case .bit = column.type, near.type != column.type {
            // t.`flags`=j0.`flags`+0: a BIT is cut to the width of the column whose index it is looked up in.
            self.column(near.name, of: nearAlias)
            return write("+0")
        }
        guard let (charset, collation) = column.type.encoding,
            collation != near.type.collation || haveOtherLabels(column, near)
        else { return self.column(near.name, of: nearAlias) }
        // t.`kind`=CONVERT(j0.`kind` USING utf8mb4) COLLATE utf8mb4_bin
        converted(near, nearAlias, charset, collation)
        if column.type.hasLabels, dialect.mistakesUnknownLabels {
            //  AND CONCAT(t.`kind`)=CONVERT(j0.`kind` USING utf8mb4) COLLATE utf8mb4_bin
            write(" AND CONCAT(")
            self.column(column.name, of: alias)
            write(")=")
            converted(near, nearAlias, charset, collation)
        }
        guard charset != near.type.charset else { return }
        if near.type.mayLackCharacters { lacksNone(near, nearAlias, after: " AND ") }
        if charset != "utf8mb4" { survives(near, nearAlias, in: charset) }
    }

    // CONVERT(j0.`kind` USING utf8mb4) COLLATE utf8mb4_bin
    private mutating func converted(
        _ column: Column, _ alias: String, _ charset: String, _ collation: String
    ) {
        write("CONVERT(")
        self.column(column.name, of: alias)
        write(" USING \(charset)) COLLATE \(collation)")
    }

    /// Whether the columns have different labels. The labels of two `ENUM`s would be compared by their
    /// numbers if the server looked one up in the other's index.
    private func haveOtherLabels(_ column: Column, _ near: Column) -> Bool {
        (column.type.hasLabels || near.type.hasLabels) && column.declaration != near.declaration
    }

    //  AND CAST(CONVERT(CONVERT(j0.`k` USING latin1) USING utf8mb4) AS BINARY)
    //   =CAST(CONVERT(j0.`k` USING utf8mb4) AS BINARY)
    /// Requires that the text survives the conversion: what the character set cannot hold becomes `?`, and
    /// must match nothing.
    private mutating func survives(_ near: Column, _ alias: String, in charset: String) {
        write(" AND CAST(CONVERT(")
        convert(near, alias, to: charset)
        write(" USING utf8mb4) AS BINARY)=CAST(")
        convert(near, alias, to: "utf8mb4")
        write(" AS BINARY)")
    }

    // IF(CHAR_LENGTH(…)=CHAR_LENGTH(…),t.`k`,NULL)
    /// Writes a text column that is `NULL` for a text with bytes that have no character.
    mutating func lossless(_ column: Column, of alias: String) {
        lacksNone(column, alias, after: "IF(")
        write(",")
        self.column(column.name, of: alias)
        write(",NULL)")
    }

    // CHAR_LENGTH(REPLACE(CONVERT(t.`k` USING utf8mb4),'?',''))=CHAR_LENGTH(REPLACE(t.`k`,'?',''))
    /// Requires that every byte has a character, so that none has become a `?` that was not there.
    private mutating func lacksNone(_ column: Column, _ alias: String, after text: String) {
        write(text + "CHAR_LENGTH(REPLACE(")
        convert(column, alias, to: "utf8mb4")
        write(",'?',''))=CHAR_LENGTH(REPLACE(")
        self.column(column.name, of: alias)
        write(",'?',''))")
    }

    // CONVERT(j0.`k` USING latin1)
    private mutating func convert(_ column: Column, _ alias: String, to charset: String) {
        if column.type.charset == charset { return self.column(column.name, of: alias) }
        write("CONVERT(")
        self.column(column.name, of: alias)
        write(" USING \(charset))")
    }
}
