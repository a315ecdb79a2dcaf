import Foundation
import MariaDB
import PrivateServer
import Synchronization
import TestSupport

/// A MySQL server on a Unix socket and a port of 127.0.0.1, where one was brought into the user's cache.
final class MySQLServer: Sendable {
    let socketPath: String
    let port: UInt16
    let directory: String
    private let process = Mutex<ChildProcess?>(nil)

    private static let program = NSHomeDirectory() + "/.cache/kindred-servers/mysql/mysqld"
    static var isThere: Bool { access(program, X_OK) == 0 }

    init(arguments: [String] = []) throws {
        directory = try makeTestDirectory()
        socketPath = directory + "/s"
        port = try PrivateServer.freePort()
        let data = [
            Self.program, "--datadir=\(directory)/data", "--user=root", "--secure-file-priv=", "--mysqlx=0",
            "--skip-log-bin", "--innodb-buffer-pool-size=64M", "--performance-schema=OFF",
        ]
        var installer = try ChildProcess(data + ["--initialize-insecure"], log: directory + "/install.log")
        guard installer.waitForExit(within: 120), installer.status == 0 else {
            throw TestFailure(description: "no data of MySQL: \(directory)/install.log")
        }
        let server = try ChildProcess(
            data + [
                "--socket=\(socketPath)", "--port=\(port)", "--bind-address=127.0.0.1",
                "--pid-file=\(directory)/pid",
            ] + arguments, log: directory + "/log")
        process.withLock { $0 = server }
        try eventually("MySQL answers") { (try? client()) != nil }
    }

    deinit {
        process.withLock { process in
            process?.send(signal: SIGKILL)
            _ = process?.waitForExit(within: 60)
        }
    }

    func client() throws -> BlockingClient {
        try BlockingClient(Endpoint(.socket(path: socketPath), user: "root"))
    }
}
