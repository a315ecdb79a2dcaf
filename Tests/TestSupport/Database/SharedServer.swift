import MariaDB
package import PrivateServer
import Synchronization

/// One server for all tests of a process, bootstrapped by the first that asks. It ends with the process, however that
/// ends (see `PrivateServer`), so there is nothing to tear down. Tests that stop or kill a server start their own.
package enum SharedServer {
    private static let started = Result { try PrivateServer() }
    private static let databases = Atomic(0)

    package static var server: PrivateServer {
        get throws { try started.get() }
    }

    /// A new, empty database that no other test uses; its name begins with `prefix`.
    package static func freshDatabase(named prefix: String) throws -> String {
        let name = "\(prefix)_\(databases.add(1, ordering: .relaxed).newValue)"
        try server.client().execute("CREATE DATABASE `\(name)` CHARACTER SET utf8mb4")
        return name
    }
}
