import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What a new operator stumbles over: passwords, paths, the environment.
@Suite struct FirstStepsTests {
    private static let noPassword = [
        "KINDRED_DATABASE_PASSWORD": "", "CREDENTIALS_DIRECTORY": "/nonexistent",
    ]

    /// Returns the path of a configuration for a new account, whose password is `right`.
    private func membersShop(in directory: String, settings: String = "") throws -> String {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "members"))
        try server.client().executeScript(
            """
            CREATE USER \(database)@localhost IDENTIFIED BY 'right';
            GRANT SELECT ON \(database).* TO \(database)@localhost;
            CREATE TABLE \(database).a (id INT PRIMARY KEY);
            """)
        let path = directory + "/kindred.toml"
        try DaemonUnderTest.configuration(in: directory, server, database: database, settings: "")
            .replacingOccurrences(of: "user = \"root\"", with: "user = \"\(database)\"\n\(settings)")
            .write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func `a refused password is reported with its source and what to do`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let secret = directory + "/secret"
        _ = FileManager.default.createFile(
            atPath: secret, contents: Data("wrong".utf8), attributes: [.posixPermissions: 0o600])
        func denial(_ settings: String, _ environment: [String: String]) throws -> String {
            let file = try membersShop(in: directory, settings: settings)
            let (status, output) = try DaemonUnderTest.run(
                ["check", "--config", file], environment: environment)
            #expect(status == 69)
            #expect(output.contains("1045"), "\(output)")
            return output
        }
        let none = try denial("", Self.noPassword)
        #expect(none.contains("no password was given: name a file in database.password_file"), "\(none)")
        let variable = try denial("", ["KINDRED_DATABASE_PASSWORD": "wrong"])
        #expect(variable.contains("the password is that of $KINDRED_DATABASE_PASSWORD"), "\(variable)")
        let file = try denial("password_file = \"\(secret)\"", Self.noPassword)
        #expect(file.contains("the password is that of '\(secret)'"), "\(file)")
        _ = FileManager.default.createFile(
            atPath: directory + "/database-password", contents: Data("wrong".utf8))
        let credential = try denial("", ["CREDENTIALS_DIRECTORY": directory])
        #expect(credential.contains("systemd's credential database-password, a copy"), "\(credential)")
    }

    @Test func `a daemon whose password is refused logs its source, and a reload takes a new password`()
        throws
    {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let secret = directory + "/secret"
        _ = FileManager.default.createFile(
            atPath: secret, contents: Data("wrong".utf8), attributes: [.posixPermissions: 0o600])
        let config = try membersShop(in: directory, settings: "password_file = \"\(secret)\"")
        var process = try ChildProcess(
            [DaemonUnderTest.executable, "serve", "--config", config], log: directory + "/log")
        func log() -> String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }
        try eventually("the log names the file") { log().contains("the password is that of '\(secret)'") }
        _ = FileManager.default.createFile(
            atPath: secret, contents: Data("right".utf8), attributes: [.posixPermissions: 0o600])
        process.send(signal: SIGHUP)
        try eventually("the daemon has reloaded") { log().contains("reloaded") }
        try eventually("loads are answered") {
            guard let client = try? LineClient(.unix(path: directory + "/k")) else { return false }
            client.setReceiveTimeout(seconds: 60)
            return try client.ask(#"{"op":"describe"}"#).contains("relationships")
                && client.ask(#"{"load":"x.y","key":1}"#).contains("unknown_relationship")
        }
        process.send(signal: SIGTERM)
        let hasExited = process.waitForExit(within: 60)
        #expect(hasExited)
    }

    @Test func `the directory of the socket is created if only its last part is missing`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "place"))
        let config = directory + "/kindred.toml"
        let text = DaemonUnderTest.configuration(in: directory, server, database: database, settings: "")
        try text.replacingOccurrences(of: "\(directory)/k\"", with: "\(directory)/run/k\"")
            .write(toFile: config, atomically: true, encoding: .utf8)
        let process = try ChildProcess(
            [DaemonUnderTest.executable, "serve", "--config", config], log: directory + "/log")
        try eventually("the daemon listens there") {
            (try? LineClient(.unix(path: directory + "/run/k"))) != nil
        }
        process.send(signal: SIGTERM)
        try text.replacingOccurrences(of: "\(directory)/k\"", with: "\(directory)/no/such/k\"")
            .write(toFile: config, atomically: true, encoding: .utf8)
        let (status, output) = try DaemonUnderTest.run(["serve", "--config", config])
        #expect(status == 71)
        #expect(output.contains("cannot make the directory '\(directory)/no/such'"), "\(output)")
    }

    @Test func `the demo has a database of its own, whatever password is in the environment`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        _ = FileManager.default.createFile(
            atPath: directory + "/database-password", contents: Data("credential".utf8))
        let surroundings = [
            ["KINDRED_DATABASE_PASSWORD": "x", "MYSQL_PWD": "x", "MYSQL_HOST": "x", "MYSQL_UNIX_PORT": "/x"],
            ["CREDENTIALS_DIRECTORY": directory],
        ]
        for environment in surroundings {
            let (status, output) = try DaemonUnderTest.run(["demo"], environment: environment)
            #expect(status == 0, "\(output)")
        }
    }

    /// Whether the tests may make a mount namespace: as root, and not in a chroot.
    private static func canMakeMountNamespace() -> Bool {
        guard var process = try? ChildProcess(["/usr/bin/unshare", "--mount", "true"], log: "/dev/null")
        else {
            return false
        }
        return process.waitForExit(within: 60) && process.status == 0
    }

    @Test(
        .enabled(if: canMakeMountNamespace(), "needs root and a root file system of its own"),
        .enabled(if: !Sanitizer.isOn, "a sanitizer needs procfs itself"))
    func `a command without procfs exits with 71, because it cannot read its arguments`() throws {
        let script = "mount -t tmpfs none /proc && exec \"$0\" \"$@\""
        var process = try ChildProcess(
            [
                "/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, DaemonUnderTest.executable, "serve",
                "--config", "/nonexistent",
            ], log: "/dev/null")
        let hasExited = process.waitForExit(within: 60)
        #expect(hasExited)
        #expect(process.status == 71)
    }

    @Test func `check says that a missing table may only lack the SELECT privilege`() throws {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "unseen"))
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let settings = "[relationships.\"a.b\"]\nfrom = \"a.id\"\nto = \"b.a_id\"\nkind = \"many\""
        let config = directory + "/kindred.toml"
        try DaemonUnderTest.configuration(in: directory, server, database: database, settings: settings)
            .write(toFile: config, atomically: true, encoding: .utf8)
        let output = try DaemonUnderTest.run(["check", "--config", config]).output
        #expect(
            output.contains("no table 'a' in database '\(database)', or no SELECT on it"), "\(output)")
    }
}
