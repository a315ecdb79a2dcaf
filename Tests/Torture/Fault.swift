import Foundation
import MariaDB
import PrivateServer
import TestSupport

/// A fault of the daemon or of something that it depends on: how it is brought about, and how it is ended.
struct Fault: Sendable {
    let name: String
    /// The longest time that the fault lasts, in seconds.
    var duration = 3.0
    /// The codes of errors that loads may get because of the fault. A query that is lost before its first row
    /// is sent again, once; one that breaks off among its rows, or is lost again, is `database_unavailable`.
    var allowedErrors: Set<String> = []
    /// Further codes that are allowed while the other server is not yet known to be healthy again.
    var allowedErrorsAlone: Set<String> = []
    /// Whether the daemon may receive rows that the server has not sent.
    var spoilsRows = false
    /// Whether the daemon's process ends, and another one is started.
    var endsDaemon = false
    /// Whether it is the daemon itself that is stopped.
    var isFreeze = false
    /// Whether the proxies must be able to read what passes.
    var needsPlainText = false
    let begin: @Sendable (TortureRig) throws -> Void
    var end: @Sendable (TortureRig) throws -> Void = { _ in }

    static let all: [Fault] = [
        Fault(name: "the server in use is killed", allowedErrors: ["database_unavailable"]) {
            $0.servers[$0.serverInUse].kill()
        } end: {
            try $0.servers[$0.serverInUse].restart()
        },
        Fault(name: "the other server is killed") {
            $0.servers[$0.otherServer].kill()
        } end: {
            try $0.servers[$0.otherServer].restart()
        },
        Fault(name: "both servers are killed", allowedErrors: ["database_unavailable"]) { rig in
            for server in rig.servers { server.kill() }
        } end: { rig in
            for server in rig.servers.reversed() { try server.restart() }
        },
        Fault(
            name: "the server in use is shut down", duration: 0.1,
            allowedErrors: ["database_unavailable"]
        ) {
            $0.servers[$0.serverInUse].stop()
        } end: {
            try $0.servers[$0.serverInUse].restart()
        },
        Fault(
            // Longer than statement_timeout_s: after the freeze the server ends the query that it was frozen
            // in.
            name: "the server in use freezes", duration: 9,
            allowedErrors: ["database_unavailable", "database_error"],
            allowedErrorsAlone: ["timeout"]
        ) {
            $0.signal($0.serverInUse, SIGSTOP)
        } end: {
            $0.signal($0.serverInUse, SIGCONT)
        },
        Fault(
            name: "both servers freeze", duration: 9,
            allowedErrors: ["database_unavailable", "database_error", "timeout"]
        ) {
            rig in
            for number in 0...1 { rig.signal(number, SIGSTOP) }
        } end: { rig in
            for number in 0...1 { rig.signal(number, SIGCONT) }
        },
        connection("falls silent", .silence, allowedErrors: ["timeout"]),
        connection("is cut", .close), connection("is reset", .reset),
        connection("carries garbage", .garbage, spoilsRows: true),
        connection("stops for a while", .hold),
        connection("becomes slow", .trickle, allowedErrors: ["timeout"]),
        Fault(
            name: "the server in use refuses every query", duration: 6,
            allowedErrorsAlone: ["database_error"], needsPlainText: true
        ) {
            $0.refuse(at: $0.serverInUse)
        } end: {
            $0.proxies[$0.serverInUse].passEverything()
        },
        Fault(
            name: "both servers refuse every query", duration: 4, allowedErrors: ["database_error"],
            needsPlainText: true
        ) {
            $0.refuse(at: 0, 1)
        } end: { rig in
            for proxy in rig.proxies { proxy.passEverything() }
        },
        Fault(
            name: "the account's hourly limit is used up", duration: 6,
            allowedErrors: ["database_unavailable"],
            allowedErrorsAlone: ["database_error"]
        ) {
            try $0.limitQueries(at: $0.serverInUse, to: 100)
            try $0.killAll("CONNECTION")
        } end: {
            try $0.limitQueries(at: $0.serverInUse, to: 0)
        },
        Fault(name: "connections are killed", duration: 0.1, allowedErrors: ["database_unavailable"]) {
            try $0.killAll("CONNECTION")
        },
        Fault(name: "queries are killed", duration: 0.1, allowedErrors: ["database_error"]) {
            try $0.killAll("QUERY")
        },
        Fault(name: "a table is locked", duration: 2) {
            $0.lock("books")
        } end: {
            $0.unlock()
        },
        Fault(
            name: "a table is renamed away", duration: 2,
            allowedErrors: ["database_unavailable", "unknown_relationship", "database_error"]
        ) {
            try $0.onBoth("RENAME TABLE tags TO tags_away")
        } end: {
            try $0.onBoth("RENAME TABLE tags_away TO tags")
        },
        Fault(name: "a column comes and goes", duration: 2, allowedErrors: ["database_unavailable"]) {
            try $0.onBoth("ALTER TABLE tags ADD COLUMN \(ExpectedAnswers.passingColumn) INT")
        } end: {
            try $0.onBoth("ALTER TABLE tags DROP COLUMN \(ExpectedAnswers.passingColumn)")
        },
        Fault(name: "the account is locked out", allowedErrors: ["database_unavailable"]) {
            try $0.onBoth("ALTER USER torture@localhost ACCOUNT LOCK")
            try $0.killAll("CONNECTION")
        } end: {
            try $0.onBoth("ALTER USER torture@localhost ACCOUNT UNLOCK")
        },
        Fault(name: "the server has no connection left", allowedErrors: ["database_unavailable"]) {
            try $0.onBoth("SET GLOBAL max_connections = 10")
            try $0.killAll("CONNECTION")
        } end: {
            try $0.onBoth("SET GLOBAL max_connections = 151")
        },
        Fault(name: "100 reloads", duration: 0.1) { rig in
            for _ in 0..<100 { rig.daemon.signal(SIGHUP) }
        },
        Fault(name: "reloads of a bad file", duration: 0.5) {
            try $0.writeBadConfiguration()
        } end: {
            try $0.writeGoodConfiguration()
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

    private static func connection(
        _ what: String, _ action: FaultProxy.Action, allowedErrors: Set<String> = [], spoilsRows: Bool = false
    ) -> Fault {
        Fault(
            name: "the connection to the server in use \(what)", duration: 6,
            allowedErrors: allowedErrors.union(["database_unavailable"]), allowedErrorsAlone: ["timeout"],
            spoilsRows: spoilsRows
        ) {
            $0.injectSomewhere(action)
        } end: {
            $0.proxies[$0.serverInUse].passEverything()
        }
    }
}
