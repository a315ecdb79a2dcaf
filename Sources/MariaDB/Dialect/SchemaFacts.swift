package import Relations

// What the schema of one kind of server has that another kind's has not, or that is asked for in other words
// there.

extension Dialect {
    /// The query for the checks of columns that make them JSON: the database, the table and the check's
    /// clause. Nil where JSON is a type of its own. A check's own name says nothing: it stays as it is when
    /// the column is renamed.
    /// - Parameter database: its name as a literal.
    package func jsonChecks(of database: String) -> String? {
        switch kind {
        // MariaDB's JSON is a LONGTEXT whose check is json_valid(`column`):
        // https://mariadb.com/kb/en/json-data-type/
        case .mariaDB:
            """
            SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS
            WHERE CONSTRAINT_SCHEMA = \(database) AND LEVEL = 'Column' AND CHECK_CLAUSE LIKE 'json_valid(%'
            """
        case .mySQL: nil
        }
    }

    /// The query for what tells servers from one another. MariaDB's `server_uid` alone does not: it is made
    /// of a machine's network address and the port, and so the same for two servers with sockets on it. It is
    /// missing before 10.6.12.
    package var serverIDQuery: String {
        switch kind {
        // https://mariadb.com/kb/en/server-system-variables/#server_uid
        case .mariaDB:
            """
            SELECT SHA1(GROUP_CONCAT(VARIABLE_VALUE ORDER BY VARIABLE_NAME SEPARATOR ' '))
            FROM information_schema.GLOBAL_VARIABLES
            WHERE VARIABLE_NAME IN ('DATADIR', 'HOSTNAME', 'PORT', 'SERVER_UID')
            """
        // https://dev.mysql.com/doc/refman/9.4/en/replication-options.html#sysvar_server_uuid
        case .mySQL: "SELECT @@server_uuid"
        }
    }

    /// The condition in `information_schema.STATISTICS` under which the server finds no rows by an index.
    package var ignoredIndexCondition: String {
        switch kind {
        // https://mariadb.com/kb/en/ignored-indexes/ and DISABLE KEYS
        case .mariaDB: "IGNORED = 'YES' OR COMMENT LIKE '%disabled%'"
        // https://dev.mysql.com/doc/refman/9.4/en/invisible-indexes.html and DISABLE KEYS
        case .mySQL: "IS_VISIBLE = 'NO' OR COMMENT LIKE '%disabled%'"
        }
    }

    /// The query for the column of each table that says until when a row is current: the database, the table
    /// and the column. Nil where the server has no system-versioned tables.
    /// - Parameter database: its name as a literal.
    package func rowEnds(of database: String) -> String? {
        switch kind {
        // https://mariadb.com/kb/en/system-versioned-tables/
        case .mariaDB:
            """
            SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS
            WHERE TABLE_SCHEMA = \(database) AND GENERATION_EXPRESSION = 'ROW END'
            """
        case .mySQL: nil
        }
    }
}
