import Relations

/// The columns of two tables on the way, compared as a key would be with the second: what a parent leads to is what its
/// value as a key leads to.
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
        guard let charset = column.type.charset, let collation = column.type.collation,
            collation != near.type.collation
        else { return self.column(near.name, of: nearAlias) }
        convert(near, nearAlias, from: near.type.charset, to: charset)
        write(" COLLATE \(collation)")
        guard charset != near.type.charset, charset != "utf8mb4" else { return }
        // … AND CAST(CONVERT(CONVERT(j0.`k` USING latin1) USING utf8mb4) AS BINARY)=CAST(CONVERT(j0.`k` USING utf8mb4)
        //   AS BINARY): what the character set cannot hold becomes ?, and must match nothing.
        write(" AND CAST(CONVERT(")
        convert(near, nearAlias, from: near.type.charset, to: charset)
        write(" USING utf8mb4) AS BINARY)=CAST(")
        convert(near, nearAlias, from: near.type.charset, to: "utf8mb4")
        write(" AS BINARY)")
    }

    // CONVERT(j0.`k` USING latin1)
    private mutating func convert(
        _ column: Column, _ alias: String, from source: String?, to charset: String
    ) {
        if source == charset { return self.column(column.name, of: alias) }
        write("CONVERT(")
        self.column(column.name, of: alias)
        write(" USING \(charset))")
    }
}
