import MariaDB
import Relations

/// The ways to have one kind of load answered, side by side.
struct Comparison {
    /// In-process loaders see the keys of one page at a time.
    static let keysPerPage = 20
    /// What brings the most keys per second on two connections, of those tried in `ideal`.
    static let idealKeys = 128
    static let idealConnections = 2

    let workload: Workload
    let kindred: [Int: Trial]
    let text: Trial
    let page: Trial
    let ideal: Trial

    /// - Parameter depths: requests that each of kindred's clients has in flight.
    init(_ workload: Workload, _ ring: Ring, clients: Int, depths: [Int], keysPerRequest: Int = 1) throws {
        self.workload = workload
        kindred = Dictionary(
            uniqueKeysWithValues: try depths.map { depth in
                let contender = try KindredContender(
                    workload, address: ring.daemonAddress, clients: clients, keysPerRequest: keysPerRequest,
                    loop: ring.loop)
                return (
                    depth,
                    Trial(
                        "kindred, \(depth) in flight", workload: workload.name,
                        pace: .closed(inFlight: depth),
                        clients: clients, isKindred: true, contender)
                )
            })
        func database(_ name: String, _ connections: Int, _ keys: Int, encodes: Bool) throws -> Trial {
            let contender = DatabaseContender(
                workload, over: try ring.connections(connections), keysPerQuery: keys, encodesRows: encodes,
                loop: ring.loop)
            return Trial(
                name, workload: workload.name, pace: .closed(inFlight: 1), clients: connections, contender)
        }
        text = try database("direct, text", clients, 1, encodes: false)
        page = try database("direct, IN of \(Self.keysPerPage)", clients, Self.keysPerPage, encodes: false)
        ideal = try database(
            "ideal, \(Self.idealConnections) × IN of \(Self.idealKeys)", Self.idealConnections,
            Self.idealKeys,
            encodes: true)
    }

    var trials: [Trial] {
        kindred.sorted { $0.key > $1.key }.map(\.value) + [text, page, ideal]
    }
}
