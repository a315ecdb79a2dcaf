import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Clients over TCP, and over sockets that a service manager has opened.
@Suite struct ActivationTests {
    @Test func `clients can connect over TCP`() throws {
        let port = try PrivateServer.freePort()
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "tcp"))
        let daemon = try DaemonUnderTest(server, database: database, listen: "tcp = \"127.0.0.1:\(port)\"")
        let client = try LineClient(.tcp(host: "127.0.0.1", port: port))
        #expect(try client.ask(#"{"id":1,"op":"ping"}"#) == #"{"id":1,"pong":true}"#)
        let command = ["query", "--tcp", "127.0.0.1:\(port)", #"{"op":"ping"}"#]
        #expect(try DaemonUnderTest.run(command).output == "{\"pong\":true}\n")
        withExtendedLifetime(daemon) {}
    }

    /// `systemd-socket-activate` does what `kindred.socket` does: it opens the socket and starts the daemon
    /// at the first client.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-socket-activate")))
    func `a socket passed by systemd is used in place of the configured one`() throws {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "passed"))
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try DaemonUnderTest.configuration(in: directory, server, database: database, settings: "")
            .write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        var process = try ChildProcess(
            [
                "/usr/bin/systemd-socket-activate", "-E", "LSAN_OPTIONS", "-l", directory + "/passed",
                DaemonUnderTest.executable,
                "serve",
                "--config", directory + "/kindred.toml",
            ], log: directory + "/log")
        // It is there a moment before anybody listens to it.
        var connected: LineClient?
        try eventually("the socket can be connected to") {
            connected = try? LineClient(.unix(path: directory + "/passed"))
            return connected != nil
        }
        let client = try #require(connected)
        client.setReceiveTimeout(seconds: 60)
        #expect(try client.ask(#"{"op":"ping"}"#) == #"{"pong":true}"#)
        #expect(access(directory + "/k", F_OK) != 0, "the file's own address must not be opened")
        process.send(signal: SIGTERM)
        let hasExited = process.waitForExit(within: 30)
        #expect(hasExited)
        #expect(process.status == 0)
        #expect(access(directory + "/passed", F_OK) == 0, "the socket is systemd's")
    }

    @Test func `a daemon with a passed socket can be reloaded with a file that has no listen section`()
        throws
    {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "passed"))
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let socket = try UnixSocket.listen(directory + "/passed")
        defer { close(socket) }
        let daemon = try DaemonUnderTest(
            server, database: database, activation: (socket, directory + "/passed"))
        let text = try String(contentsOfFile: daemon.configPath, encoding: .utf8)
        let parts = text.split(separator: "[database]")
        try ("[database]" + parts[1]).write(toFile: daemon.configPath, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reloaded")
    }

    /// Returns a daemon with a passed socket, whose file has further `[listen]` lines, and the socket.
    private func passedDaemon(
        _ directory: String, listen: String
    ) throws -> (daemon: DaemonUnderTest, descriptor: Int32) {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "passed"))
        let socket = try UnixSocket.listen(directory + "/passed")
        let daemon = try DaemonUnderTest(
            server, database: database, listen: listen, activation: (socket, directory + "/passed"))
        return (daemon, socket)
    }

    @Test func `listen settings that a passed socket overrides are named at the start and at a reload`()
        throws
    {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (daemon, socket) = try passedDaemon(
            directory, listen: "mode = \"0666\"\ntcp = \"127.0.0.1:\(PrivateServer.freePort())\"")
        defer { close(socket) }
        let warning = "listen.unix, listen.mode, listen.tcp have no effect"
        try daemon.waitForLog(warning)
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reloaded")
        #expect(daemon.log.ranges(of: warning).count == 2, "\(daemon.log)")
        try daemon.rewrite(database: "passed", settings: "")
        daemon.signal(SIGHUP)
        try daemon.waitForLog("listen.unix has no effect")
        #expect(!daemon.log.contains("listen.mode has changed in the file"), "\(daemon.log)")
    }

    @Test func `check says which listen settings systemd's socket would override`() throws {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "checked"))
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let text = DaemonUnderTest.configuration(in: directory, server, database: database, settings: "")
            .replacingOccurrences(of: "[database]", with: "mode = \"0666\"\n[database]")
        try text.write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        let check = ["check", "--config", directory + "/kindred.toml"]
        let (status, output) = try DaemonUnderTest.run(check)
        #expect(status == 0, "\(output)")
        #expect(output.contains("listen.unix, listen.mode have no effect"), "\(output)")
        #expect(output.contains("kindred.socket"), "\(output)")
    }

    @Test
    func `clients of an activated daemon with a bad file get an error, and are served when it is corrected`()
        throws
    {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "passed"))
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let socket = try UnixSocket.listen(directory + "/passed")
        defer { close(socket) }
        let start = {
            try ChildProcess(
                DaemonUnderTest.activator + [
                    DaemonUnderTest.executable, "serve", "--config", directory + "/kindred.toml",
                ], passing: socket, log: directory + "/log")
        }
        let good = DaemonUnderTest.configuration(in: directory, server, database: database, settings: "")
        let misfit =
            "[relationships.\"a.b\"]\nfrom = \"nowhere.id\"\nto = \"nothing.id\"\nkind = \"many\""
        for faulty in ["[listen", good + misfit] {
            try faulty.write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
            let client = try LineClient(.unix(path: directory + "/passed"))
            client.setReceiveTimeout(seconds: 60)
            var process = try start()
            let reply = try JSONValue(client.ask(#"{"op":"ping"}"#))
            #expect(reply.errorCode == "shutting_down", "\(reply)")
            #expect(reply.errorMessage.contains("configuration"), "\(reply)")
            #expect(try client.receive() == nil)
            let hasExited = process.waitForExit(within: 60)
            #expect(hasExited && process.status == 78)
        }
        try good.write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        let client = try LineClient(.unix(path: directory + "/passed"))
        client.setReceiveTimeout(seconds: 60)
        var process = try start()
        #expect(try client.ask(#"{"op":"ping"}"#) == #"{"pong":true}"#)
        process.send(signal: SIGTERM)
        let hasExited = process.waitForExit(within: 60)
        #expect(hasExited)
    }

    /// `NoDelay=` of a socket unit applies to all its sockets, and systemd logs an error about it for a Unix
    /// socket.
    @Test func `a passed TCP socket gets TCP_NODELAY, though its unit does not set it`() throws {
        let (server, database) = (try SharedServer.server, try SharedServer.freshDatabase(named: "tcp"))
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try DaemonUnderTest.configuration(in: directory, server, database: database, settings: "")
            .write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        #expect(listen(descriptor, 8) == 0)
        func isDelayed() -> Bool {
            var (value, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
            getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length)
            return value == 0
        }
        #expect(isDelayed())
        let process = try ChildProcess(
            DaemonUnderTest.activator + [
                DaemonUnderTest.executable, "serve", "--config", directory + "/kindred.toml",
            ], passing: descriptor, log: directory + "/log")
        try eventually("the daemon has taken over the socket") { !isDelayed() }
        process.send(signal: SIGTERM)
    }

    @Test func `a drain ends after drain_timeout_s, with an error for every waiting request`() throws {
        let shop = try BookshopFixture(settings: "[service]\ndrain_timeout_s = 0")
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        try client.send(#"{"id":1,"load":"authors.books","key":1}"#)
        #expect(try client.ask(#"{"id":2,"op":"ping"}"#) == #"{"id":2,"pong":true}"#)
        shop.daemon.signal(SIGTERM)
        let reply = try JSONValue(client.receive() ?? "null")
        #expect(reply["id"] == .number("1"))
        #expect(reply.errorCode == "shutting_down")
        #expect(shop.daemon.waitForExit() == 0)
    }
}
