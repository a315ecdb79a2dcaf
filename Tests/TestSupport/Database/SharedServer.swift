import MariaDB
package import PrivateServer
import Synchronization

/// One database server for all tests of a process, started by the first test that needs it. It ends with the
/// process, however that ends (see `PrivateServer`). Tests that stop or kill a server start their own.
package enum SharedServer {
    private static let started = Result { try PrivateServer() }
    private static let databases = Atomic(0)

    package static var server: PrivateServer {
        get throws { try started.get() }
    }

    /// Creates an empty database that no other test uses, whose name begins with `prefix`.
    package static func freshDatabase(named prefix: String) throws -> String {
        let name = "\(prefix)_\(databases.add(1, ordering: .relaxed).newValue)"
        try server.client().execute("CREATE DATABASE `\(name)` CHARACTER SET utf8mb4")
        return name
    }
}
