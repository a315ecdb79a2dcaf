import Foundation

/// Makes the data directory of a new server, whose user `root` has no password, over the Unix socket and from
/// 127.0.0.1.
struct Bootstrap {
    let program: ServerProgram
    /// The server's directory; its data is to be in `data` there.
    let directory: String
    /// The arguments with which the server will run.
    let arguments: [String]
    /// Seconds that it may take.
    let timeout: Int

    func run() throws {
        let command = try command()
        let log = directory + "/install.log"
        // A server that starts removes what other servers have left in its TMPDIR, and even what they still
        // use, so each server has its own.
        var process = try ChildProcess(
            command, environment: ["TMPDIR": directory], removing: directory, log: log)
        guard process.waitForExit(within: timeout) else {
            process.send(signal: SIGKILL)
            throw PrivateServerError(
                "the data of a \(program.rawValue) server was not made in \(timeout) s", log: log)
        }
        // The exit status alone says nothing about an unusable directory; the system tables do.
        guard process.status == 0, access(directory + "/data/mysql", F_OK) == 0 else {
            throw PrivateServerError("the data of a \(program.rawValue) server was not made", log: log)
        }
    }

    private func command() throws -> [String] {
        switch program {
        case .mariaDB: try installer()
        case .mariaDB11: try systemTables()
        case .mySQL: try initialization()
        }
    }

    // mariadb-install-db --no-defaults --datadir=… --auth-root-authentication-method=normal …
    private func installer() throws -> [String] {
        _ = try locate("my_print_defaults", package: "mariadb-client-core")
        return [
            try locate("mariadb-install-db", package: "mariadb-server-core"), "--no-defaults",
            "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
            // It must work also where the machine's own name cannot be looked up.
            "--force",
        ] + program.dataOptions(in: directory)
    }

    /// What mariadb-install-db does, which does not find a server that is unpacked elsewhere: its scripts go
    /// to a server that reads statements, one in each line, from its input.
    // mariadbd --bootstrap --datadir=… <install.sql
    private func systemTables() throws -> [String] {
        let scripts = program.folder + "/root/usr/share/mariadb/"
        let input = directory + "/install.sql"
        let parts = try Self.systemScripts.map { try String(contentsOfFile: scripts + $0, encoding: .utf8) }
        // NULL: root logs in with a password, which is empty, and not by the name of the system's account.
        let begin = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
        try (begin + parts.joined(separator: "\n")).write(toFile: input, atomically: true, encoding: .utf8)
        try FileManager.default.createDirectory(
            atPath: directory + "/data", withIntermediateDirectories: false)
        return ["/bin/sh", "-c", "input=$0; exec \"$@\" <\"$input\"", input] + (try program.command()) + [
            "--bootstrap", "--enforce-storage-engine=", "--max-allowed-packet=8M",
        ] + program.dataOptions(in: directory)
    }

    private static let systemScripts = [
        "mariadb_system_tables.sql", "mariadb_performance_tables.sql", "mariadb_system_tables_data.sql",
        "maria_add_gis_sp_bootstrap.sql", "mariadb_sys_schema.sql",
    ]

    // mysqld --initialize-insecure --datadir=… --init-file=…
    private func initialization() throws -> [String] {
        let accounts = """
            CREATE USER root@'127.0.0.1';
            GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;

            """
        try accounts.write(toFile: directory + "/accounts.sql", atomically: true, encoding: .utf8)
        // The one option that must be the same when the data is made.
        let lowerCase = arguments.filter { $0.hasPrefix("--lower-case-table-names") }
        return try program.command() + program.dataOptions(in: directory) + lowerCase + [
            "--initialize-insecure", "--init-file=\(directory)/accounts.sql",
        ]
    }
}
