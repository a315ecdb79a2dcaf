/// What a connection is for, and the bounds that its server is told.
package enum SessionPurpose: Sendable {
    /// Short queries of keys, which no other session must slow down or see changed.
    /// - `statementSeconds`: after which the server ends a query; 0: never, whatever the server's default is.
    case loads(statementSeconds: Int)
    /// Finding out whether the server answers such queries.
    /// - `statementSeconds`: so few that the check hears that a table is slow before it takes the server for
    ///   silent.
    case healthCheck(statementSeconds: Double)
    /// Reading `information_schema`.
    case schema(statementSeconds: Int)
    /// What a program does that has no daemon in between.
    case application
}

/// The statements that are part of connecting. They go with the login, before the server has said what it is,
/// and so must be understood by every kind of server that can be used.
package enum SessionSetup {
    /// - `sql_mode=''`: no `NO_BACKSLASH_ESCAPES` or `ANSI_QUOTES`, which would change how our SQL is read,
    ///   and no `NO_ZERO_DATE`, which would refuse zero dates as keys.
    /// - `time_zone`: `TIMESTAMP` is UTC on the wire.
    /// - `autocommit=1`: where the server's default is 0, our first `SELECT` would open a transaction that
    ///   never ends.
    /// - `sql_select_limit`: the server's default would cut a batch short and say nothing.
    /// - `sql_big_selects=1`: what a key alone may ask, a batch may.
    /// - `wait_timeout`: the pool keeps its connections; the server need not end them.
    /// - `eq_range_index_dive_limit=1`: an index dive per key would cost 10–30 % of the server's time for a
    ///   query.
    /// - `max_statement_time`, MariaDB's, in seconds, and `max_execution_time`, MySQL's, in milliseconds: 0
    ///   means never. Each server takes the other's for a comment.
    /// - `SET SESSION TRANSACTION`: a statement of its own, because the variables behind it have names that
    ///   not every server knows, or warns of. `READ COMMITTED` so that a query sees what is committed.
    /// - `lock_wait_timeout=0`, or 1 on a MySQL, whose least it is: a health check hears that a table is
    ///   locked before it takes the server for silent.
    /// - `lock_wait_timeout=1`: a table that somebody has locked must not stop the reading of all others; it
    ///   is read later.
    /// - `sql_quote_show_create=1`: without it, the check that makes a column JSON is told without backticks.
    /// - `USE`: an `init_connect` of the server's, which runs after the login, may have gone to another
    ///   database.
    /// - Parameter database: as an identifier, in backticks.
    package static func statements(for purpose: SessionPurpose, database: String) -> [String] {
        var settings = [
            "NAMES utf8mb4", "sql_mode=''", "time_zone='+00:00'", "autocommit=1",
            "sql_select_limit=18446744073709551615", "sql_big_selects=1",
        ]
        let longLived = ["wait_timeout=31536000"]
        let shortQueries = ["eq_range_index_dive_limit=1"]
        var ownSettings = ""
        var transaction: [String] = []
        switch purpose {
        case .loads(let seconds):
            settings += longLived + shortQueries
            ownSettings = statementTimeout(milliseconds: seconds * 1000)
            transaction = ["ISOLATION LEVEL READ COMMITTED", "READ ONLY"]
        case .healthCheck(let seconds):
            settings += longLived + shortQueries
            ownSettings =
                statementTimeout(milliseconds: Int(seconds * 1000))
                + own(mariaDB: "lock_wait_timeout=0", mySQL: "lock_wait_timeout=1")
            transaction = ["ISOLATION LEVEL READ COMMITTED", "READ ONLY"]
        case .schema(let seconds):
            settings += longLived + ["sql_quote_show_create=1", "lock_wait_timeout=1"]
            ownSettings = statementTimeout(milliseconds: seconds * 1000)
            transaction = ["READ ONLY"]
        case .application: break
        }
        var statements = ["SET " + settings.joined(separator: ",") + ownSettings]
        if !transaction.isEmpty {
            statements.append("SET SESSION TRANSACTION " + transaction.joined(separator: ","))
        }
        return statements + ["USE \(database)"]
    }

    private static func statementTimeout(milliseconds: Int) -> String {
        own(
            mariaDB: "max_statement_time=\(Double(milliseconds) / 1000)",
            mySQL: "max_execution_time=\(milliseconds)")
    }

    // /*M!100000 ,max_statement_time=2.5*//*!80000 ,max_execution_time=2500*/
    /// An assignment at the end of a `SET`, in words of which each kind of server reads its own: a MariaDB
    /// passes over comments with the numbers of MySQL's versions. https://mariadb.com/kb/en/comment-syntax/
    private static func own(mariaDB: String, mySQL: String) -> String {
        "/*M!100000 ,\(mariaDB)*//*!80000 ,\(mySQL)*/"
    }
}
