import Batching
import Relations
import Wire

/// What the daemon has done and is doing, as numbers.
struct StatsReply {
    let engine: Engine
    let sessions: Int

    // {"id":4,"stats":{"requests":320,…,"sessions":16,"connections":4}}
    func write(_ id: RequestID?, to output: inout ByteBuffer) {
        let gauges: [(name: StaticString, value: Int)] = [
            ("sessions", sessions), ("waiting_requests", engine.waitingRequests),
            ("queued_keys", engine.batcher.queuedKeys), ("in_flight", engine.batcher.inFlight),
            ("in_flight_limit", engine.batcher.inFlightLimit),
            ("connections", engine.connectedLanes),
            ("relationships", engine.routes.catalog.relationships.count),
        ]
        ReplyEncoder.open(id, member: "stats", into: &output)
        output.append("{")
        for (index, member) in (engine.counters.members + gauges).enumerated() {
            if index > 0 { output.append(",") }
            output.append("\"")
            output.append(member.name)
            output.append("\":")
            output.append(decimal: Int64(member.value))
        }
        output.append("}")
        ReplyEncoder.close(into: &output)
    }
}
