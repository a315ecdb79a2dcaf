package import Batching

/// The loads on their way and what they count for: their nodes, the memory of their requests, and their keys
/// against everybody's bounds and their clients' quotas. A load is counted here from the moment at which it
/// begins to wait until it has its reply.
package final class LoadTable {
    /// A node is found by its index here: hashing ids would be a tenth of the daemon's work.
    private var nodes: [LoadNode?] = []
    private var freeIndices: [Int] = []
    private var lastNumber: UInt64 = 0
    private let memory: MemoryGauge
    /// Loads that wait for rows, for their client to read, or to be taken out of the batches.
    package private(set) var count = 0
    /// Keys that these loads wait for; a key that several ask for counts several times.
    package private(set) var keyCount = 0

    init(memory: MemoryGauge) {
        self.memory = memory
    }

    package subscript(id: SubmissionID) -> LoadNode? {
        guard nodes.indices.contains(id.index), let node = nodes[id.index], node.id.number == id.number
        else {
            return nil
        }
        return node
    }

    package var allNodes: [LoadNode] { nodes.compactMap { $0 } }

    /// - Parameter bytes: memory that its request takes.
    func begin(_ load: PendingLoad, bytes: Int) {
        load.move(to: .waiting)
        count += 1
        addBytes(bytes, for: load)
    }

    /// Counts more memory as in use until the load has its reply.
    func addBytes(_ bytes: Int, for load: PendingLoad) {
        memory.update(&load.countedBytes, to: load.countedBytes + bytes)
    }

    /// Gives a node of the load its id, and counts its keys.
    func insert(_ node: LoadNode, of load: PendingLoad) {
        lastNumber += 1
        let index = freeIndices.popLast() ?? nodes.count
        node.id = SubmissionID(lastNumber, index: index)
        if index == nodes.count { nodes.append(node) } else { nodes[index] = node }
        load.countedKeys += node.keys.count
        keyCount += node.keys.count
        load.queue.account.keysOnTheirWay += node.keys.count
    }

    /// All answers of the load are there: its keys leave their place to others, though the reply may still
    /// have to wait.
    func releaseKeys(of load: PendingLoad) {
        if load.countedKeys == 0 { return }
        keyCount -= load.countedKeys
        load.queue.account.keysOnTheirWay -= load.countedKeys
        load.countedKeys = 0
    }

    /// The load has its reply, or needs none any more. A load that was answered at once was never counted.
    func finish(_ load: PendingLoad) {
        let wasCounted = load.isOnItsWay
        load.move(to: .finished)
        guard wasCounted else { return }
        count -= 1
        memory.update(&load.countedBytes, to: 0)
        releaseKeys(of: load)
        if let root = load.root { remove(root) }
        for node in load.included { remove(node) }
    }

    private func remove(_ node: LoadNode) {
        guard self[node.id] === node else { return }
        nodes[node.id.index] = nil
        freeIndices.append(node.id.index)
    }
}
