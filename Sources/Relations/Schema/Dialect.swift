/// What kind of server holds the data, and with it every fact about SQL in which servers differ. It is made
/// of the version that the server gives at connect, and carried by the schema to each relationship, and so to
/// the planner.
///
/// Types that only one kind of server has (`UUID`, `INET6`) need no fact here: a column has such a type only
/// if its server knows it.
///
/// It is a few bytes without a reference, because every statement is written with one.
package struct Dialect: Sendable {
    package enum Kind: Hashable, Sendable {
        case mariaDB
        case mySQL
    }

    package let kind: Kind
    package let version: Version

    /// - Parameter text: the version that the server gives at connect: `10.11.19-MariaDB-0+deb12u1`, or
    ///   `8.4.7`; libmariadb has taken off the `5.5.5-` that a MariaDB may put before its own. Only a MariaDB
    ///   has its name in it; a MySQL is all else, by whatever year or innovation its version is numbered
    ///   (`26.10`).
    package init(serverVersion text: String) {
        kind = text.contains("MariaDB") ? .mariaDB : .mySQL
        version = Version(text)
    }

    /// A MariaDB whose version is not known.
    package static let mariaDB = Dialect(serverVersion: "MariaDB")
    /// A MySQL whose version is not known.
    package static let mySQL = Dialect(serverVersion: "")
}

extension Dialect: CustomStringConvertible {
    /// `MariaDB 10.11.19`
    package var description: String { "\(kind) \(version)" }
}

extension Dialect.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .mariaDB: "MariaDB"
        case .mySQL: "MySQL"
        }
    }

    /// The first version that understands all that is written here. MariaDB 10.6 is the first with
    /// `JSON_TABLE`; MySQL has that since 8.0.4, `LATERAL` since 8.0.14, `utf8mb4_0900_bin` since 8.0.17 and
    /// `SHOW REPLICA STATUS` since 8.0.22.
    fileprivate var minVersion: Dialect.Version {
        switch self {
        case .mariaDB: Dialect.Version("10.6")
        case .mySQL: Dialect.Version("8.0.22")
        }
    }
}

// MARK: Which servers can be used

extension Dialect {
    /// Why such a server cannot be used: `the server is MariaDB 10.5.29; kindred needs …`; nil if it can.
    ///
    /// A server in front of which a proxy stands is what the proxy says.
    package var unsupportedReason: String? {
        guard version < kind.minVersion else { return nil }
        let what =
            version == Version("") ? "the server does not say its version" : "the server is \(self)"
        let needed = [Kind.mariaDB, .mySQL].map { "\($0) \($0.minVersion)" }.joined(separator: " or ")
        return "\(what); kindred needs \(needed), or a later one (a proxy says the version it was given)"
    }
}

extension Dialect {
    /// The three numbers of a server's version.
    package struct Version: Hashable, Sendable {
        package let major: UInt16
        package let minor: UInt16
        package let patch: UInt16

        /// Reads `10.11.19`, and ignores what follows; numbers that are missing are 0.
        init(_ text: String) {
            let digits = text.prefix { $0 == "." || $0.isWholeNumber }
            let numbers = digits.split(separator: ".").map { UInt16($0) ?? 0 } + [0, 0, 0]
            (major, minor, patch) = (numbers[0], numbers[1], numbers[2])
        }
    }
}

extension Dialect.Version: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}

extension Dialect.Version: CustomStringConvertible {
    package var description: String { "\(major).\(minor).\(patch)" }
}

/// Servers that understand the same SQL have equal dialects, whatever their versions: a catalog that was read
/// from one of them serves for the other.
extension Dialect: Hashable {
    package static func == (left: Dialect, right: Dialect) -> Bool { left.kind == right.kind }

    package func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

// MARK: What queries of keys need

extension Dialect {
    /// The collation of `utf8mb4` under which two texts are equal only if they have the same characters,
    /// spaces at the end among them. https://mariadb.com/kb/en/supported-character-sets-and-collations/
    package var exactCollation: String {
        switch kind {
        case .mariaDB: "utf8mb4_nopad_bin"
        // https://dev.mysql.com/doc/refman/9.4/en/charset-unicode-sets.html
        case .mySQL: "utf8mb4_0900_bin"
        }
    }

    /// What a query begins with that is to run under system variables of its own.
    /// - Returns: what stands before the `SELECT`, and the `SELECT` with what must follow it at once.
    package func select(
        under variables: [(name: StaticString, value: String)]
    ) -> (before: String, select: String) {
        let values = variables.map { "\($0.name)=\($0.value)" }
        return switch kind {
        // SET STATEMENT sql_mode='ALLOW_INVALID_DATES',max_sort_length=8388608 FOR SELECT …
        // https://mariadb.com/kb/en/set-statement/
        case .mariaDB: ("SET STATEMENT \(values.joined(separator: ",")) FOR ", "SELECT ")
        // SELECT /*+ SET_VAR(sql_mode='ALLOW_INVALID_DATES') SET_VAR(max_sort_length=8388608) */ …
        // https://dev.mysql.com/doc/refman/9.4/en/optimizer-hints.html
        case .mySQL: ("", "SELECT /*+ \(values.map { "SET_VAR(\($0))" }.joined(separator: " ")) */ ")
        }
    }

    /// Whether a literal such as `'2024-02-30'` beside a column of days is an error (1525), unless the
    /// `sql_mode` allows days that the calendar does not have. Otherwise it equals what was stored under such
    /// a mode.
    package var refusesImpossibleDays: Bool {
        switch kind {
        case .mariaDB: false
        case .mySQL: true
        }
    }

    /// Whether a text that is no label is taken for the empty one of invalid values (number 0) where it is
    /// looked up in the index of an `ENUM` or `SET`: MySQL does so if the row that it comes from is read
    /// beforehand, by a unique key.
    package var mistakesUnknownLabels: Bool {
        switch kind {
        case .mariaDB: false
        case .mySQL: true
        }
    }

    /// Whether a literal that is longer than a `CHAR` column is cut where it is looked up in an index, if
    /// what is cut off is white space: `'abc\n'` then finds `abc` in a `CHAR(3)`. The two are not equal, and
    /// where rows are read one by one the server says so.
    package var cutsLongLiterals: Bool {
        switch kind {
        case .mariaDB: false
        // Seen on 9.7, under collations that pad with spaces.
        case .mySQL: true
        }
    }

    /// Whether a subquery in `FROM` may use the columns of the tables before it (`LATERAL`).
    package var hasLateral: Bool {
        switch kind {
        // MDEV-19078
        case .mariaDB: false
        // https://dev.mysql.com/doc/refman/9.4/en/lateral-derived-tables.html
        case .mySQL: true
        }
    }

    /// What stands between a query's beginning and its `SELECT` to have its plan shown as a table.
    package var explain: String {
        switch kind {
        case .mariaDB: "EXPLAIN "
        // Its default is the variable explain_format, which may be TREE.
        // https://dev.mysql.com/doc/refman/9.4/en/explain.html
        case .mySQL: "EXPLAIN FORMAT=TRADITIONAL "
        }
    }
}
