import Batching
import Relations
import Testing
import Time
import Wire

@testable import Loading

/// What is on its way is counted once, and everything that it counted for comes back.
@Suite struct LoadTableTests {
    private let engine = EngineUnderTest()
    private let queue: ReplyQueue
    private let memory = MemoryGauge(limit: 1 << 20)
    private let table: LoadTable

    init() {
        queue = ReplyQueue(account: ClientAccount(), context: engine.context)
        table = LoadTable(memory: memory)
    }

    /// A load of so many keys that waits in the table, and its node.
    private func begin(keys: Int, bytes: Int) throws -> (load: PendingLoad, node: LoadNode) {
        let inputs = (0..<keys).map { KeyInput.scalar(.integer(Int64($0))) }
        let load = Load(LoadShape(relationship: "authors.books"), keys: .many(inputs))
        let plan = try LoadPlanner(templates: engine.engine.templates, account: queue.account).plan(of: load)
        let (keys, answers) = try plan.read(load.keys)
        let pending = PendingLoad(queue: queue, requestID: nil, isList: true, deadline: nil)
        let node = LoadNode(plan: plan, load: pending, keys: keys, answers: answers)
        pending.begin(node)
        table.begin(pending, bytes: bytes)
        table.insert(node, of: pending)
        return (pending, node)
    }

    @Test func `keys count for everybody and for their client until all answers are there`() throws {
        let first = try begin(keys: 3, bytes: 10)
        let second = try begin(keys: 4, bytes: 10)
        #expect(table.keyCount == 7 && queue.account.keysOnTheirWay == 7)
        table.releaseKeys(of: first.load)
        #expect(table.keyCount == 4 && queue.account.keysOnTheirWay == 4)
        // They are given back once only.
        table.finish(first.load)
        #expect(table.keyCount == 4 && queue.account.keysOnTheirWay == 4)
        table.finish(second.load)
        #expect(table.keyCount == 0 && queue.account.keysOnTheirWay == 0)
    }

    @Test func `memory of a load is held until it has its reply`() throws {
        let first = try begin(keys: 1, bytes: 100)
        let second = try begin(keys: 1, bytes: 1000)
        table.addBytes(50, for: first.load)
        #expect(memory.bytes == 1150)
        table.releaseKeys(of: first.load)
        #expect(memory.bytes == 1150)
        table.finish(first.load)
        #expect(memory.bytes == 1000 && table.count == 1)
        table.finish(second.load)
        #expect(memory.bytes == 0 && table.count == 0)
    }

    @Test func `a node is found by its id until its load is finished, and no other node by that id`() throws {
        let first = try begin(keys: 1, bytes: 0)
        let second = try begin(keys: 1, bytes: 0)
        #expect(table[first.node.id] === first.node && table[second.node.id] === second.node)
        table.finish(first.load)
        #expect(table[first.node.id] == nil)
        let third = try begin(keys: 1, bytes: 0)
        #expect(third.node.id.index == first.node.id.index, "places are used again")
        #expect(third.node.id.number > second.node.id.number)
        #expect(table[first.node.id] == nil && table[third.node.id] === third.node)
        #expect(table.allNodes.count == 2)
    }

    @Test func `ids from elsewhere find nothing`() throws {
        let (load, node) = try begin(keys: 1, bytes: 0)
        #expect(table[SubmissionID(node.id.number, index: 1)] == nil)
        #expect(table[SubmissionID(node.id.number, index: -1)] == nil)
        #expect(table[SubmissionID(node.id.number + 1, index: node.id.index)] == nil)
        table.finish(load)
    }

    @Test func `a load that never began to wait takes nothing with it`() throws {
        let waiting = try begin(keys: 2, bytes: 10)
        let other = PendingLoad(queue: queue, requestID: nil, isList: true, deadline: nil)
        table.finish(other)
        #expect(other.phase == .finished)
        #expect(table.count == 1 && table.keyCount == 2 && memory.bytes == 10)
        table.finish(waiting.load)
    }
}

@Suite struct OneOrManyTests {
    @Test func `a list of one keeps its element without an array`() {
        guard case .one(7) = OneOrMany([7]) else { return #expect(Bool(false), "an array") }
        #expect(Array(OneOrMany([Int]())) == [] && Array(OneOrMany([1, 2])) == [1, 2])
    }

    @Test func `elements can be replaced and mapped`() {
        var (one, many) = (OneOrMany([7]), OneOrMany([1, 2, 3]))
        one[0] = 8
        many[1] = 20
        #expect(Array(one) == [8] && Array(many) == [1, 20, 3])
        #expect(Array(one.map { $0 + 1 }) == [9] && Array(many.map { $0 + 1 }) == [2, 21, 4])
    }
}
