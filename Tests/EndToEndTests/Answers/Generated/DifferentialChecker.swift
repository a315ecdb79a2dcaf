import LineClient
import PrivateServer
import Synchronization
import TestSupport

/// The loads whose answers differ from the database's, collected from several threads.
final class DifferingLoads: Sendable {
    private let loads = Mutex<[GeneratedLoad]>([])

    func add(_ load: GeneratedLoad) { loads.withLock { $0.append(load) } }

    var first: GeneratedLoad? { loads.withLock { $0.first } }
    var count: Int { loads.withLock { $0.count } }
}

/// Sends loads over its own connection and compares the replies with the oracle's answers.
final class DifferentialChecker {
    let oracle: LoadOracle
    private let database: GeneratedDatabase
    private let client: LineClient

    init(_ database: GeneratedDatabase) throws {
        self.database = database
        client = try database.daemon.client()
        oracle = try LoadOracle(database.server, database: database.name, schema: database.schema)
    }

    func line(_ load: GeneratedLoad) -> String { load.line(id: 0, database.schema) }

    /// Sends loads all at once and returns those whose replies differ.
    func differing(_ loads: [GeneratedLoad]) throws -> [GeneratedLoad] {
        let lines = loads.enumerated().map { $1.line(id: $0, database.schema) + "\n" }
        try client.send(Array(lines.joined().utf8))
        var differing: [GeneratedLoad] = []
        var open = Set(loads.indices)
        for _ in loads {
            let reply = try JSONValue(try client.receive() ?? "null")
            guard let id = reply["id"]?.number.flatMap({ Int($0) }), open.remove(id) != nil else {
                throw JSONFault(description: "a reply that no load is owed: \(reply)")
            }
            if try difference(loads[id], reply) != nil { differing.append(loads[id]) }
        }
        return differing
    }

    /// Sends a load alone. Returns how its reply differs, or nil if it does not.
    func difference(_ load: GeneratedLoad) throws -> String? {
        try difference(load, try JSONValue(try client.ask(line(load))))
    }

    private func difference(_ load: GeneratedLoad, _ reply: JSONValue) throws -> String? {
        let single = load.options.isCount ? "count" : load.relationship.isToOne ? "row" : "rows"
        let results =
            load.isList
            ? reply[load.options.isCount ? "counts" : "results"]?.elements : reply[single].map { [$0] }
        guard var results else { return "no result: \(reply)" }
        if let bad = load.badKey {
            guard results.count > bad, results.remove(at: bad) == .null,
                reply["errors"]?.members.map(\.name) == ["\(bad)"],
                reply["errors"]?["\(bad)"]?["code"] == .string("bad_key")
            else { return "no error for the bad key: \(reply)" }
        } else if reply["errors"] != nil {
            return "errors: \(reply)"
        }
        guard results.count == load.keys.count else {
            return "\(results.count) results for \(load.keys.count) keys"
        }
        for (key, result) in zip(load.keys, results) {
            let expected = try oracle.answer(load, key)
            if !expected.isSame(as: result) { return "key \(key)\nexpected \(expected)\ngot      \(result)" }
        }
        return nil
    }
}

/// Shrinks a load that is answered wrongly: removes everything without which it still is.
struct LoadShrinker {
    private let checker: DifferentialChecker

    init(_ checker: DifferentialChecker) { self.checker = checker }

    /// Returns the smallest load that still differs when it is sent alone, and the difference.
    func smallest(_ load: GeneratedLoad) throws -> String {
        guard var difference = try checker.difference(load) else {
            return "\(checker.line(load))\nonly differs among others; asked alone it is right"
        }
        var smallest = load
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for candidate in Self.smaller(smallest) {
                guard let found = try checker.difference(candidate) else { continue }
                (smallest, difference, isSmaller) = (candidate, found, true)
                break
            }
        }
        return "\(checker.line(smallest))\n\(difference)"
    }

    private static func smaller(_ load: GeneratedLoad) -> [GeneratedLoad] {
        var candidates: [GeneratedLoad] = []
        func with(_ change: (inout GeneratedLoad) -> Void) {
            var candidate = load
            change(&candidate)
            candidates.append(candidate)
        }
        if load.badKey != nil { with { $0.badKey = nil } }
        if load.isList, load.keys.count > 1 {
            for index in load.keys.indices { with { $0.keys.remove(at: index) } }
        }
        for options in smaller(load.options) { with { $0.options = options } }
        return candidates
    }

    private static func smaller(_ options: GeneratedOptions) -> [GeneratedOptions] {
        var candidates: [GeneratedOptions] = []
        func with(_ change: (inout GeneratedOptions) -> Void) {
            var candidate = options
            change(&candidate)
            candidates.append(candidate)
        }
        for index in options.includes.indices {
            with { $0.includes.remove(at: index) }
            for inner in smaller(options.includes[index].options) {
                with { $0.includes[index].options = inner }
            }
        }
        for index in options.filters.indices { with { $0.filters.remove(at: index) } }
        if options.order != nil { with { $0.order = nil } }
        if options.limit != nil { with { $0.limit = nil } }
        if options.offset != nil { with { $0.offset = nil } }
        if let columns = options.columns, columns.count > 1 { with { $0.columns = [columns[0]] } }
        return candidates
    }
}
