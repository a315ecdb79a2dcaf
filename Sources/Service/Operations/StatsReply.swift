import Batching
import Loading
import Reactor
import Relations
import Wire

/// What the daemon has done and is doing, as numbers.
struct StatsReply {
    let engine: Engine
    let pool: ConnectionPool?
    let sessions: Int
    let turns: TurnHistogram

    // {"id":4,"stats":{"requests":320,…,"connections":4,"batch_sizes":{…},"by_relationship":{…}}}
    func write(_ id: RequestID?, to output: inout ByteBuffer) {
        let gauges: [(name: StaticString, value: Int)] = [
            ("sessions", sessions), ("waiting_requests", engine.context.loads.count),
            ("queued_keys", engine.batcher.queuedKeys), ("keys_on_their_way", engine.context.loads.keyCount),
            ("in_flight", engine.batcher.inFlight),
            ("in_flight_limit", engine.batcher.inFlightLimit),
            ("connections", pool?.openConnections ?? 0),
            ("server_changes", pool?.serverChanges ?? 0), ("result_bytes", engine.context.memory.bytes),
            ("routes", engine.templates.count),
            ("relationships", engine.templates.catalog.relationships.count),
        ]
        ReplyEncoder.open(id, member: "stats", into: &output)
        output.append("{")
        write(engine.context.counters.members + gauges + turns.members + own, to: &output)
        writeErrors(to: &output)
        writeServers(to: &output)
        writeBatchSizes(to: &output)
        writeTraffic(to: &output)
        output.append("}")
        ReplyEncoder.close(into: &output)
    }

    /// Of the process itself: nobody else can tell its number over TCP, in another container, or behind a socket that
    /// a service manager has made.
    private var own: [(name: StaticString, value: Int)] {
        var members: [(name: StaticString, value: Int)] = [("cpu_us", Int(OwnProcess.processorTime / 1000))]
        if let bytes = OwnProcess.residentBytes { members.append(("resident_bytes", bytes)) }
        return members
    }

    private func write(_ members: [(name: StaticString, value: Int)], to output: inout ByteBuffer) {
        for (index, member) in members.enumerated() {
            if index > 0 { output.append(",") }
            output.append("\"")
            output.append(member.name)
            output.append("\":")
            output.append(decimal: Int64(member.value))
        }
    }

    // ,"errors_by_code":{"overloaded":3,"timeout":1}
    private func writeErrors(to output: inout ByteBuffer) {
        output.append(",\"errors_by_code\":{")
        var isFirst = true
        for code in Failure.Code.allCases {
            guard let count = engine.context.counters.errors[code] else { continue }
            if !isFirst { output.append(",") }
            isFirst = false
            output.append(jsonString: code.rawValue)
            output.append(":")
            output.append(decimal: Int64(count))
        }
        output.append("}")
    }

    // ,"servers":{"db1:3306":"unwell","db2:3306":"active"}
    private func writeServers(to output: inout ByteBuffer) {
        output.append(",\"servers\":{")
        for (index, server) in (pool?.serverStates ?? []).enumerated() {
            if index > 0 { output.append(",") }
            output.append(jsonString: server.name)
            output.append(":")
            output.append(jsonString: server.state)
        }
        output.append("}")
    }

    // ,"batch_sizes":{"1":17,"2":5,"4":80}: 17 queries of one key, 5 of 2 or 3, 80 of 4 to 7
    private func writeBatchSizes(to output: inout ByteBuffer) {
        output.append(",\"batch_sizes\":{")
        var isFirst = true
        for (exponent, count) in engine.context.counters.batchSizes.counts.enumerated() where count > 0 {
            output.append(isFirst ? "\"" : ",\"")
            output.append(decimal: Int64(1) << exponent)
            output.append("\":")
            output.append(decimal: Int64(count))
            isFirst = false
        }
        output.append("}")
    }

    // ,"by_relationship":{"authors.books":{"keys_asked":64,…,"window_us":1000,"max_keys":500,"priority":0}}
    private func writeTraffic(to output: inout ByteBuffer) {
        output.append(",\"by_relationship\":{")
        let used = engine.templates.counters.filter { $0.value.keysAsked > 0 }.sorted {
            $0.key < $1.key
        }
        for (index, (name, relationshipCounters)) in used.enumerated() {
            if index > 0 { output.append(",") }
            output.append(jsonString: name)
            output.append(":{")
            let policy = engine.templates.policy(of: name)
            let settings: [(name: StaticString, value: Int)] = [
                ("window_us", Int(policy.window / 1000)), ("max_keys", policy.maxKeys),
                ("priority", policy.priority),
            ]
            write(relationshipCounters.members + settings, to: &output)
            output.append("}")
        }
        output.append("}")
    }
}
