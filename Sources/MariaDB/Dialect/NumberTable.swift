/// Returns a table expression whose column `seq` has the numbers from 1 to `count`, for SQL that makes rows on
/// any kind of server: MariaDB's `seq_1_to_100` does not exist on MySQL, and recursive queries end after 1000
/// rows on both if nobody allows them more.
///
/// - Parameters:
///   - count: at least 1. The text that stands behind the table has two bytes for each number; a server allows
///     at least 16 MB (`max_allowed_packet`).
///   - alias: the name of the table in its query.
// JSON_TABLE(CONCAT('[',REPEAT('0,',99),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) numbers
package func numbers(to count: Int, as alias: String = "numbers") -> String {
    "JSON_TABLE(CONCAT('[',REPEAT('0,',\(count - 1)),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) \(alias)"
}
