import Foundation
package import Relations

/// A database server that a `PrivateServer` can run. The raw value is its name in `KINDRED_SERVER` and on
/// command lines.
package enum ServerProgram: String, CaseIterable, Sendable {
    /// The MariaDB that is installed on the machine.
    case mariaDB = "mariadb"
    /// MariaDB 11.8, as `Tests/bring-server.sh` brings it.
    case mariaDB11 = "mariadb-11.8"
    /// MySQL 9, as `Tests/bring-server.sh` brings it.
    case mySQL = "mysql"

    /// Whose SQL the server speaks.
    package var kind: Dialect.Kind {
        switch self {
        case .mariaDB, .mariaDB11: .mariaDB
        case .mySQL: .mySQL
        }
    }

    /// The server that the environment variable `KINDRED_SERVER` names; the machine's MariaDB if it names
    /// none.
    ///
    /// - Throws: `PrivateServerError` if the variable names a server that does not exist.
    package static func chosen() throws -> ServerProgram {
        let name = environment("KINDRED_SERVER") ?? ServerProgram.mariaDB.rawValue
        guard let program = ServerProgram(rawValue: name) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw PrivateServerError("KINDRED_SERVER is '\(name)', which is none of \(names)")
        }
        return program
    }

    /// Whether the server is there: installed, or brought before.
    package var isAvailable: Bool { (try? command()) != nil }

    /// The command that runs the server without any option file: a path, and arguments that must come first.
    ///
    /// - Throws: `PrivateServerError`, which says how to get the server, if it is not there.
    func command() throws -> [String] {
        switch self {
        case .mariaDB:
            [try locate("mariadbd", package: "mariadb-server-core"), "--no-defaults"]
        case .mariaDB11: [try brought("mariadbd")]
        case .mySQL: [try brought("mysqld")]
        }
    }

    /// Where `Tests/bring-server.sh` puts the server: the folder `KINDRED_SERVERS`, or one in the user's
    /// cache (XDG Base Directory Specification).
    var folder: String {
        let cache = Self.environment("XDG_CACHE_HOME") ?? NSHomeDirectory() + "/.cache"
        return (Self.environment("KINDRED_SERVERS") ?? cache + "/kindred-servers") + "/" + rawValue
    }

    /// The path of a program that was brought, which passes `--no-defaults` itself.
    private func brought(_ program: String) throws -> String {
        let path = folder + "/" + program
        guard access(path, X_OK) == 0 else {
            throw PrivateServerError(
                "there is no \(path); Tests/bring-server.sh \(rawValue) brings it (KINDRED_SERVERS names "
                    + "another folder for servers)")
        }
        return path
    }

    /// `mariadbd` for `/usr/sbin/mariadbd`
    static func fileName(_ path: String) -> String {
        URL(fileURLWithPath: path).lastPathComponent
    }

    /// The value of an environment variable that is set and not empty.
    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension ServerProgram {
    /// The options with which a private server of the kind runs: on a Unix socket, and without durability.
    ///
    /// - Parameter directory: where its data, `data`, and its socket, `s`, are.
    func options(in directory: String, tcpPort: UInt16?) -> [String] {
        let network = tcpPort.map { ["--bind-address=127.0.0.1", "--port=\($0)"] } ?? ["--skip-networking"]
        return dataOptions(in: directory) + ["--socket=\(directory)/s", "--skip-name-resolve"] + network
    }

    /// The options that are the same when the data is made and when it is served.
    func dataOptions(in directory: String) -> [String] {
        let common = [
            "--datadir=\(directory)/data", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0", "--innodb-buffer-pool-size=64M",
        ]
        return common + Self.userOption + (kind == .mySQL ? Self.optionsOfMySQL(in: directory) : [])
    }

    /// - `secure-file-priv`: Debian's default is a directory that exists only where the package is installed.
    /// - `mysqlx`: a second protocol, with a socket and a port of its own.
    /// - `performance-schema`: takes 200 MB.
    /// - `innodb-flush-method`: creating a table syncs several files otherwise.
    private static func optionsOfMySQL(in directory: String) -> [String] {
        [
            "--secure-file-priv=", "--mysqlx=0", "--performance-schema=OFF", "--innodb-flush-method=nosync",
            "--innodb-redo-log-capacity=16M", "--pid-file=\(directory)/pid",
        ]
    }

    /// A server refuses to run as root unless it is told to; other accounts need no option.
    private static var userOption: [String] { geteuid() == 0 ? ["--user=root"] : [] }
}
