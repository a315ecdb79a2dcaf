import PrivateServer
package import Relations
import Synchronization

/// What differs between the servers on which the same tests run.
extension SharedServer {
    /// The kind of the server that `KINDRED_SERVER` names.
    package static let kind: Dialect.Kind = (try? ServerProgram.chosen())?.kind ?? .mariaDB

    /// The collation of utf8mb4 that distinguishes all texts that differ in a byte, also in trailing blanks.
    package static var noPadBinaryCollation: String {
        switch kind {
        case .mariaDB: "utf8mb4_nopad_bin"
        case .mySQL: "utf8mb4_0900_bin"
        }
    }

    /// Returns whether the server has the type and the collation of a column's declaration. What it does not
    /// have is printed once, so that a run says what it did not test.
    package static func has(_ declaration: String) -> Bool {
        guard let missing = missingWords.first(where: declaration.contains) else { return true }
        if reported.withLock({ $0.insert(missing).inserted }) { print("Not on this server: \(missing)") }
        return false
    }

    private static let reported = Mutex<Set<String>>([])

    /// Parts of declarations that the server does not know.
    private static var missingWords: [String] {
        switch kind {
        case .mariaDB: ["0900"]
        case .mySQL: ["UUID", "INET4", "INET6", "nopad", "uca1400"]
        }
    }
}
