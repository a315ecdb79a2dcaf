import Foundation
import MariaDB
import PrivateServer
import TestSupport

/// Something that is done to the daemon or to what it depends on, and undone again.
struct Fault: Sendable {
    let name: String
    /// Seconds that it lasts at most.
    var duration = 3.0
    /// Errors that loads may get by it. What is lost without a row is asked again, once; what breaks off amid its rows, or is
    /// lost again, is `database_unavailable`.
    var excuses: Set<String> = []
    /// Further ones where the other server has not yet been found well again.
    var excusesAlone: Set<String> = []
    /// Whether rows may come that the server has not sent so.
    var spoilsRows = false
    /// Whether another daemon takes its place.
    var endsDaemon = false
    /// Whether it is the daemon itself that is stopped.
    var isFreeze = false
    let begin: @Sendable (World) throws -> Void
    var end: @Sendable (World) throws -> Void = { _ in }

    static let all: [Fault] = [
        Fault(name: "the server in use is killed", excuses: ["database_unavailable"]) {
            $0.servers[$0.serverInUse].kill()
        } end: {
            try $0.servers[$0.serverInUse].restart()
        },
        Fault(name: "the other server is killed") {
            $0.servers[$0.otherServer].kill()
        } end: {
            try $0.servers[$0.otherServer].restart()
        },
        Fault(name: "both servers are killed", excuses: ["database_unavailable"]) { world in
            for server in world.servers { server.kill() }
        } end: { world in
            for server in world.servers.reversed() { try server.restart() }
        },
        Fault(
            name: "the server in use is stopped in good order", duration: 0.1,
            excuses: ["database_unavailable"]
        ) {
            $0.servers[$0.serverInUse].stop()
        } end: {
            try $0.servers[$0.serverInUse].restart()
        },
        Fault(
            // Longer than statement_timeout_s: the server ends what it was frozen in.
            name: "the server in use freezes", duration: 9,
            excuses: ["database_unavailable", "database_error"],
            excusesAlone: ["timeout"]
        ) {
            $0.signal($0.serverInUse, SIGSTOP)
        } end: {
            $0.signal($0.serverInUse, SIGCONT)
        },
        Fault(
            name: "both servers freeze", duration: 9,
            excuses: ["database_unavailable", "database_error", "timeout"]
        ) {
            world in
            for number in 0...1 { world.signal(number, SIGSTOP) }
        } end: { world in
            for number in 0...1 { world.signal(number, SIGCONT) }
        },
        way("falls silent", .silence, excuses: ["timeout"]),
        way("is cut", .close), way("is reset", .reset), way("carries garbage", .garbage, spoilsRows: true),
        way("stops for a while", .hold), way("becomes slow", .trickle, excuses: ["timeout"]),
        Fault(
            name: "the server in use refuses every query", duration: 6, excusesAlone: ["database_error"]
        ) {
            $0.refuse(at: $0.serverInUse)
        } end: {
            $0.proxies[$0.serverInUse].passEverything()
        },
        Fault(name: "both servers refuse every query", duration: 4, excuses: ["database_error"]) {
            $0.refuse(at: 0, 1)
        } end: { world in
            for proxy in world.proxies { proxy.passEverything() }
        },
        Fault(
            name: "the account's hourly limit is used up", duration: 6, excuses: ["database_unavailable"],
            excusesAlone: ["database_error"]
        ) {
            try $0.limitQueries(at: $0.serverInUse, to: 100)
            try $0.killAll("CONNECTION")
        } end: {
            try $0.limitQueries(at: $0.serverInUse, to: 0)
        },
        Fault(name: "connections are killed", duration: 0.1, excuses: ["database_unavailable"]) {
            try $0.killAll("CONNECTION")
        },
        Fault(name: "queries are killed", duration: 0.1, excuses: ["database_error"]) {
            try $0.killAll("QUERY")
        },
        Fault(name: "a table is locked", duration: 2) {
            $0.lock("books")
        } end: {
            $0.unlock()
        },
        Fault(
            name: "a table is renamed away", duration: 2,
            excuses: ["database_unavailable", "unknown_relationship", "database_error"]
        ) {
            try $0.onBoth("RENAME TABLE tags TO tags_away")
        } end: {
            try $0.onBoth("RENAME TABLE tags_away TO tags")
        },
        Fault(name: "a column comes and goes", duration: 2, excuses: ["database_unavailable"]) {
            try $0.onBoth("ALTER TABLE tags ADD COLUMN \(Truth.passingColumn) INT")
        } end: {
            try $0.onBoth("ALTER TABLE tags DROP COLUMN \(Truth.passingColumn)")
        },
        Fault(name: "the account is locked out", excuses: ["database_unavailable"]) {
            try $0.onBoth("ALTER USER torture@localhost ACCOUNT LOCK")
            try $0.killAll("CONNECTION")
        } end: {
            try $0.onBoth("ALTER USER torture@localhost ACCOUNT UNLOCK")
        },
        Fault(name: "all places at the server are taken", excuses: ["database_unavailable"]) {
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
        Fault(name: "the daemon freezes", duration: 1, isFreeze: true) {
            $0.daemon.signal(SIGSTOP)
        } end: {
            $0.daemon.signal(SIGCONT)
        },
        Fault(name: "the daemon is restarted", duration: 0.1, endsDaemon: true) { try $0.restartDaemon() },
        Fault(name: "the daemon is killed and started", duration: 0.1, endsDaemon: true) {
            try $0.restartDaemon(by: SIGKILL)
        },
    ]

    private static func way(
        _ what: String, _ action: FaultProxy.Action, excuses: Set<String> = [], spoilsRows: Bool = false
    ) -> Fault {
        Fault(
            name: "the way to the server in use \(what)", duration: 6,
            excuses: excuses.union(["database_unavailable"]), excusesAlone: ["timeout"],
            spoilsRows: spoilsRows
        ) {
            $0.injectSomewhere(action)
        } end: {
            $0.proxies[$0.serverInUse].passEverything()
        }
    }
}
