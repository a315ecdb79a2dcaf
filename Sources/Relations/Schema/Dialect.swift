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
    }

    package let kind: Kind
    package let version: Version

    /// - Parameter text: the version that the server gives at connect: `10.11.19-MariaDB-0+deb12u1`. Every
    ///   server is taken for a MariaDB: no other kind can be used yet, and a connection to one fails while it
    ///   is made.
    package init(serverVersion text: String) {
        kind = .mariaDB
        version = Version(text)
    }

    /// A MariaDB whose version is not known.
    package static let mariaDB = Dialect(serverVersion: "")
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
        }
    }

    /// What a query begins with that is to run under an `sql_mode` of its own.
    /// - Returns: what stands before the `SELECT`, and the `SELECT` with what must follow it at once.
    package func select(underMode mode: String) -> (before: String, select: String) {
        switch kind {
        // SET STATEMENT sql_mode='ALLOW_INVALID_DATES' FOR SELECT …
        // https://mariadb.com/kb/en/set-statement/
        case .mariaDB: ("SET STATEMENT sql_mode='\(mode)' FOR ", "SELECT ")
        }
    }

    /// What stands between a query's beginning and its `SELECT` to have its plan shown as a table.
    package var explain: String {
        switch kind {
        case .mariaDB: "EXPLAIN "
        }
    }
}
