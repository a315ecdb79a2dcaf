import Relations

/// Conditions. Every literal has its column's type, so that the server converts nothing but the literal.
extension SQLWriter {
    // t.`price`>=10.00, t.`deleted_at` IS NULL, t.`lang` IN ('en','fr')
    mutating func condition(_ condition: Condition, of alias: String) {
        let column = condition.column
        switch condition.comparison {
        case .isNull:
            self.column(column.name, of: alias)
            write(" IS NULL")
        case .isNotNull:
            self.column(column.name, of: alias)
            write(" IS NOT NULL")
        case .equal(let value): compare(column, alias, "=", value)
        case .notEqual(let value): notEqual(column, alias, value)
        case .less(let value): compare(column, alias, "<", value)
        case .lessOrEqual(let value): compare(column, alias, "<=", value)
        case .greater(let value): compare(column, alias, ">", value)
        case .greaterOrEqual(let value): compare(column, alias, ">=", value)
        case .like(let pattern): compare(column, alias, " LIKE ", .text(pattern))
        case .any(let values, let orNull): any(of: values, orNull: orNull, column, alias)
        }
    }

    private mutating func compare(_ column: Column, _ alias: String, _ sign: String, _ value: Scalar) {
        guard let charset = column.type.narrowCharset else {
            self.column(column.name, of: alias)
            write(sign)
            return operand(value, as: column.type)
        }
        // (t.`w`=CONVERT('日' USING latin1) COLLATE latin1_bin
        //   AND CONVERT(CONVERT('日' USING latin1) USING utf8mb4) COLLATE utf8mb4_nopad_bin='日')
        // What the character set cannot hold becomes ?, and must match nothing.
        write("(")
        self.column(column.name, of: alias)
        write(sign)
        converted(value, charset)
        write(" AND ")
        survives(value, charset)
        write(")")
    }

    // (t.`w`<>CONVERT(…) OR (t.`w` IS NOT NULL AND NOT CONVERT(…)='日'))
    /// Writes `<>`, which is true of every value if the column cannot hold the text.
    private mutating func notEqual(_ column: Column, _ alias: String, _ value: Scalar) {
        guard let charset = column.type.narrowCharset else {
            return compare(column, alias, "<>", value)
        }
        write("(")
        self.column(column.name, of: alias)
        write("<>")
        converted(value, charset)
        write(" OR (")
        self.column(column.name, of: alias)
        write(" IS NOT NULL AND NOT ")
        survives(value, charset)
        write("))")
    }

    private mutating func any(of values: [Scalar], orNull: Bool, _ column: Column, _ alias: String) {
        guard !values.isEmpty || orNull else { return write("1=0") }
        write("(")
        if column.type.narrowCharset != nil {
            list(values, separator: " OR ") { $0.compare(column, alias, "=", $1) }
        } else if !values.isEmpty {
            self.column(column.name, of: alias)
            write(" IN (")
            list(values) { $0.operand($1, as: column.type) }
            write(")")
        }
        if orNull {
            if !values.isEmpty { write(" OR ") }
            self.column(column.name, of: alias)
            write(" IS NULL")
        }
        write(")")
    }

    private mutating func operand(_ value: Scalar, as type: ColumnType) {
        guard case .text(let digits) = value else { return literal(value, as: type) }
        switch type {
        // A FLOAT is compared as a DOUBLE, in which 0.1 is another number, so the literal is the float's own
        // value.
        case .float: write(real(Float(String(decimal: digits)).map { Double($0) }, digits))
        case .double: write(real(Double(String(decimal: digits)), digits))
        case .integer, .year, .bit, .decimal, .date, .time, .datetime, .timestamp, .text, .enumeration, .set,
            .binary, .uuid, .inet4, .inet6, .json, .geometry:
            literal(value, as: type)
        }
    }

    /// Returns `0.1e0`, with an exponent, since the server takes a number without one for a `DECIMAL`.
    private func real(_ value: Double?, _ digits: [UInt8]) -> String {
        let text = value.map(\.description) ?? String(decimal: digits)
        return text.contains("e") ? text : text + "e0"
    }

    // CONVERT('日' USING latin1) COLLATE latin1_swedish_ci
    private mutating func converted(_ value: Scalar, _ charset: ColumnType.Charset) {
        write("CONVERT(")
        literal(value, as: charset.type)
        write(" USING \(charset.name)) COLLATE \(charset.collation)")
    }

    // CONVERT(CONVERT('日' USING latin1) USING utf8mb4) COLLATE utf8mb4_nopad_bin='日'
    private mutating func survives(_ value: Scalar, _ charset: ColumnType.Charset) {
        write("CONVERT(CONVERT(")
        literal(value, as: charset.type)
        write(" USING \(charset.name)) USING utf8mb4) COLLATE \(dialect.exactCollation)=")
        literal(value, as: charset.type)
    }

    // LIMIT 3 OFFSET 6
    mutating func limit(_ selection: Selection) {
        guard selection.isCut else { return }
        // There is no OFFSET without LIMIT; 2^64 − 1 is the manual's own advice.
        // https://mariadb.com/kb/en/limit/
        write(" LIMIT \(selection.readLimit.map { String($0) } ?? "18446744073709551615")")
        if selection.offset > 0 { write(" OFFSET \(selection.offset)") }
    }
}

extension String {
    fileprivate init(decimal digits: [UInt8]) {
        self.init(decoding: digits, as: UTF8.self)
    }
}

extension ColumnType {
    fileprivate struct Charset {
        let name: String
        let collation: String
        let type: ColumnType
    }

    /// The column's character set if it cannot hold every text of a client, which is always `utf8mb4`.
    fileprivate var narrowCharset: Charset? {
        guard let (charset, collation) = encoding, charset != "utf8mb4" else { return nil }
        return Charset(name: charset, collation: collation, type: self)
    }
}
