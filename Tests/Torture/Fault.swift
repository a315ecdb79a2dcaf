import Foundation
import MariaDB
import PrivateServer
import TestSupport

/// Something that is done to the daemon or to what it depends on, and undone again.
struct Fault: Sendable {
    let name: String
    /// Seconds that it lasts at most.
    var duration = 3.0
    let begin: @Sendable (World) throws -> Void
    var end: @Sendable (World) throws -> Void = { _ in }

    static let all: [Fault] = [
        Fault(name: "the first server is killed") {
            $0.servers[0].kill()
        } end: {
            try $0.servers[0].restart()
        },
        Fault(name: "the second server is killed") {
            $0.servers[1].kill()
        } end: {
            try $0.servers[1].restart()
        },
        Fault(name: "both servers are killed") { world in
            for server in world.servers { server.kill() }
        } end: { world in
            for server in world.servers.reversed() { try server.restart() }
        },
        Fault(name: "the first server is stopped in good order", duration: 0.1) {
            $0.servers[0].stop()
        } end: {
            try $0.servers[0].restart()
        },
        Fault(name: "the first server freezes", duration: 9) {
            $0.signal(0, SIGSTOP)
        } end: {
            $0.signal(0, SIGCONT)
        },
        Fault(name: "both servers freeze", duration: 9) { world in
            for number in 0...1 { world.signal(number, SIGSTOP) }
        } end: { world in
            for number in 0...1 { world.signal(number, SIGCONT) }
        },
        way("falls silent", .silence), way("is cut", .close), way("is reset", .reset),
        way("carries garbage", .garbage), way("stops for a while", .hold), way("becomes slow", .trickle),
        Fault(name: "connections are killed", duration: 0.1) { try $0.killAll("CONNECTION") },
        Fault(name: "queries are killed", duration: 0.1) { try $0.killAll("QUERY") },
        Fault(name: "a table is locked", duration: 2) {
            $0.lock("books")
        } end: {
            $0.unlock()
        },
        Fault(name: "a table is renamed away", duration: 2) {
            try $0.onBoth("RENAME TABLE tags TO tags_away")
        } end: {
            try $0.onBoth("RENAME TABLE tags_away TO tags")
        },
        Fault(name: "a column comes and goes", duration: 2) {
            try $0.onBoth("ALTER TABLE tags ADD COLUMN \(Truth.passingColumn) INT")
        } end: {
            try $0.onBoth("ALTER TABLE tags DROP COLUMN \(Truth.passingColumn)")
        },
        Fault(name: "the account is locked out") {
            try $0.onBoth("ALTER USER torture@localhost ACCOUNT LOCK")
            try $0.killAll("CONNECTION")
        } end: {
            try $0.onBoth("ALTER USER torture@localhost ACCOUNT UNLOCK")
        },
        Fault(name: "all places at the server are taken") {
            try $0.onBoth("SET GLOBAL max_connections = 10")
            try $0.killAll("CONNECTION")
        } end: {
            try $0.onBoth("SET GLOBAL max_connections = 151")
        },
        Fault(name: "100 reloads", duration: 0.1) { world in
            for _ in 0..<100 { world.daemon.signal(SIGHUP) }
        },
        Fault(name: "reloads of a bad file", duration: 0.5) {
            try $0.spoilConfiguration()
        } end: {
            try $0.mendConfiguration()
        },
        Fault(name: "the daemon freezes", duration: 1) {
            $0.daemon.signal(SIGSTOP)
        } end: {
            $0.daemon.signal(SIGCONT)
        },
        Fault(name: "the daemon is restarted", duration: 0.1) { try $0.restartDaemon() },
        Fault(name: "the daemon is killed and started", duration: 0.1) { try $0.restartDaemon(by: SIGKILL) },
    ]

    /// At some moment, or at some byte of what the first server sends.
    private static func way(_ what: String, _ deed: Meddler.Deed) -> Fault {
        Fault(name: "the way to the first server \(what)", duration: 6) { world in
            let moments: [Meddler.Moment] = [
                .greeting, .amidGreeting, .login, .answer, .columns, .rows, .amidRows, .end,
            ]
            let place = Meddler.Moment.byte(Int.random(in: 0...3000))
            world.meddlers[0].order(deed, at: Bool.random() ? place : moments.randomElement() ?? place)
        } end: {
            $0.meddlers[0].allowAll()
        }
    }
}
