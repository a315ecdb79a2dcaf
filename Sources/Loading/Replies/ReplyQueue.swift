import DequeModule
package import Relations
package import Wire

/// What one client is owed and has not read: its loads on their way, those whose replies wait until it has
/// read others, and the bytes of the replies before them.
///
/// The engine hands over a load when all its answers are there, or when it has failed, and asks nothing back.
/// The queue decides what becomes of the reply: written now, written in slices, kept as rows until there is
/// room, or refused. Whoever owns the queue takes bytes from its front, as fast as the client reads.
package final class ReplyQueue {
    /// What decides whether a reply is written or kept as rows. The daemon has the defaults.
    package struct Limits: Sendable {
        /// Unsent bytes beyond which long replies are kept as rows, which other clients may share.
        package var highWater: Int
        /// Bytes of rows that make a reply long. As text, a shorter one takes less than the load that
        /// it answers.
        package var minLongReply: Int
        /// Bytes that a load counts at least while it waits for room.
        package var minHeldBytes: Int

        package init(highWater: Int = 1 << 20, minLongReply: Int = 1 << 16, minHeldBytes: Int = 512) {
            self.highWater = highWater
            self.minLongReply = minLongReply
            self.minHeldBytes = minHeldBytes
        }
    }

    /// Loads in progress at which no more requests are read. They end by themselves, whether the
    /// client reads or not, so that this only slows it down.
    package static let maxInProgress = 4096

    package let account: ClientAccount
    /// Called when there is something to send, or a load to resume; nil once the client is gone, for a reply
    /// that is being written in slices may outlive it.
    package var onWork: (() -> Void)?
    private let context: EngineContext
    // The context's parts that every reply needs.
    private let loads: LoadTable
    private let memory: MemoryGauge
    private let counters: Counters
    private var output = Outbox()
    /// The loads on their way, in no order.
    package private(set) var owed: [PendingLoad] = []
    /// The loads among them that wait for room.
    private var held: Deque<PendingLoad> = []
    /// Bytes of the rows of held loads.
    private var heldBytes = 0
    /// Bytes of the output that are counted as memory in use.
    private var countedBytes = 0
    /// Whether a reply is being written in slices; no other is begun meanwhile.
    private var isWriting = false
    /// Whether nothing is added to the output any more.
    private var isEnded = false

    package init(account: ClientAccount, context: EngineContext) {
        self.account = account
        self.context = context
        loads = context.loads
        memory = context.memory
        counters = context.counters
    }

    // MARK: Loads

    /// Has the queue owe the client a reply to this load.
    func add(_ load: PendingLoad) {
        load.owedIndex = owed.count
        owed.append(load)
    }

    /// All answers of the load are there.
    func complete(_ load: PendingLoad, _ root: LoadNode) {
        if load.phase == .abandoned { return }
        // What was answered at once has no rows.
        if load.phase == .new { return writeWhole(load, root) }
        guard hasRoom(for: load) else { return hold(load) }
        write(load, root)
    }

    /// The load gets this error for a reply.
    func fail(_ load: PendingLoad, _ failure: Failure) {
        let isAbandoned = load.phase == .abandoned
        remove(load)
        if !isAbandoned { reply(failure, to: load.requestID) }
    }

    private func remove(_ load: PendingLoad) {
        if load.phase == .held { stopHolding(load) }
        loads.finish(load)
        guard load.owedIndex < owed.count, owed[load.owedIndex] === load else { return }
        let last = owed.removeLast()
        guard last !== load else { return }
        last.owedIndex = load.owedIndex
        owed[load.owedIndex] = last
    }

    // MARK: Writing

    private func write(_ load: PendingLoad, _ root: LoadNode) {
        if load.included.isEmpty, context.tasks.claim(rows: load.rowCount, bytes: load.byteCount) {
            return writeWhole(load, root)
        }
        guard !isWriting else { return hold(load) }
        writeInSlices(load, root)
    }

    private func writeWhole(_ load: PendingLoad, _ root: LoadNode) {
        remove(load)
        // Each of many that waited for the same rows gets a copy, and the last of them may find no room for
        // it.
        if memory.isFull { return reply(context.fullMemory, to: load.requestID) }
        let maxBytes = context.limits.maxReplyBytes
        reply(load.requestID) { output in
            if OneKeyReply.write(load, root, maxBytes: maxBytes, to: &output) { return nil }
            var writer = ReplyWriter(root, of: load, maxBytes: maxBytes)
            return writer.write(to: &output)
        }
    }

    /// The first slice is the whole of most replies. Only writing it tells how long a reply with includes is:
    /// rows that several others lead to stand there once for each.
    private func writeInSlices(_ load: PendingLoad, _ root: LoadNode) {
        isWriting = true
        if load.phase == .held { stopHolding(load) }
        load.move(to: .writing)
        let writer = ReplyWriter(root, of: load, maxBytes: context.limits.maxReplyBytes)
        let task = SlicedReply(writer, of: load, to: self, context)
        let tasks = context.tasks
        if !tasks.isTurnFull, !load.included.isEmpty {
            let hasMore = task.runSlice(rows: tasks.limits.rowsInSlice)
            tasks.countDone(rows: hasMore ? tasks.limits.rowsInSlice : load.rowCount, bytes: task.byteCount)
            guard hasMore else { return }
        }
        tasks.add(task)
    }

    /// The reply that was written in slices is whole, in `line`; or the load has failed; or it needs no reply
    /// any more.
    func finishWriting(_ load: PendingLoad, _ result: Result<Void, Failure>?, line: inout ByteBuffer) {
        isWriting = false
        defer { onWork?() }
        switch result {
        case .success:
            remove(load)
            append(&line, to: load.requestID)
        case .failure(let failure): fail(load, failure)
        case nil: break
        }
    }

    private func append(_ line: inout ByteBuffer, to requestID: RequestID?) {
        if isEnded { return }
        if line.count > roomForReply { return reply(Self.tooMuchUnread, to: requestID) }
        output.append(&line)
        wasWritten(nil)
    }

    // MARK: Replies

    /// A reply that is known at once, and no longer than an error in its place would be.
    package func reply(_ write: (inout ByteBuffer) -> Void) {
        if isEnded { return }
        output.write(write)
        wasWritten(nil)
    }

    package func reply(_ failure: Failure, to requestID: RequestID?) {
        if isEnded { return }
        output.write { ReplyEncoder.failure(requestID, failure, into: &$0) }
        wasWritten(failure.code)
    }

    /// A reply of any length.
    /// - Parameter write: leaves the buffer as it was if it returns a failure to send instead.
    package func reply(_ requestID: RequestID?, write: (inout ByteBuffer) -> Failure?) {
        if isEnded { return }
        let room = roomForReply
        let failure = output.write { buffer -> Failure? in
            let start = buffer.count
            if let failure = write(&buffer) { return failure }
            guard buffer.count - start > room else { return nil }
            buffer.truncate(to: start)
            return Self.tooMuchUnread
        }
        if let failure { return reply(failure, to: requestID) }
        wasWritten(nil)
    }

    private func wasWritten(_ error: Failure.Code?) {
        counters.countReply(error)
        countOutput()
        onWork?()
    }

    private func countOutput() { memory.update(&countedBytes, to: output.capacity) }

    // MARK: Room

    private static let tooMuchUnread = Failure(
        .overloaded,
        "replies that this client has not read take more than limits.client_output_bytes; read them first")

    /// Bytes that the client has not read yet, those of loads whose replies are still to be written among
    /// them.
    package var unreadBytes: Int { output.count + heldBytes }

    /// Bytes that a further reply may have. With nothing unread before it, it may have any number.
    private var roomForReply: Int { output.isEmpty ? .max : context.limits.maxUnreadBytes - unreadBytes }

    /// Whether the reply may be written now, or is to be kept until others have been read.
    private func hasRoom(for load: PendingLoad) -> Bool {
        if output.count < context.replyLimits.highWater { return true }
        return load.byteCount < context.replyLimits.minLongReply
            && unreadBytes + load.byteCount <= context.limits.maxUnreadBytes
    }

    private func hold(_ load: PendingLoad) {
        let bytes = bytesWhileHeld(of: load)
        guard unreadBytes + bytes <= context.limits.maxUnreadBytes else {
            return fail(load, Self.tooMuchUnread)
        }
        load.move(to: .held)
        held.append(load)
        heldBytes += bytes
    }

    private func bytesWhileHeld(of load: PendingLoad) -> Int {
        max(load.byteCount, context.replyLimits.minHeldBytes)
    }

    private func stopHolding(_ load: PendingLoad) {
        guard let index = held.firstIndex(where: { $0 === load }) else { return }
        held.remove(at: index)
        heldBytes -= bytesWhileHeld(of: load)
    }

    /// Writes what has waited for room, as far as there is some now.
    package func resume() {
        while !isWriting, let load = held.first, hasRoom(for: load), let root = load.root {
            write(load, root)
        }
    }

    // MARK: Sending

    package var hasOutput: Bool { !output.isEmpty }

    /// Whether nothing is owed and nothing is to be sent.
    package var isEmpty: Bool { owed.isEmpty && output.isEmpty }

    /// Whether as many loads are in progress as may be. Those that only wait for the client to read are
    /// bounded by their bytes: reading requests must not depend on them, for a client may write before it
    /// reads.
    package var isBusy: Bool { owed.count - held.count >= Self.maxInProgress }

    /// Bytes of unsent output.
    package var outputBytes: Int { output.count }

    /// Bytes that the client has the daemon keep.
    package var keptBytes: Int { countedBytes + heldBytes }

    /// Has `send` take bytes from the front, as many as it says.
    package func send(_ send: (UnsafeRawBufferPointer) -> Int) {
        let count = output.withFirstBytes(send)
        output.removeFirst(count)
    }

    /// All or nothing more is sent for now.
    /// - Parameter idleCapacity: bytes of buffer that an empty output may keep.
    package func sendingEnds(idleCapacity: Int) {
        output.trim(to: idleCapacity)
        countOutput()
    }

    // MARK: The end

    /// Adds nothing to the output from now on.
    package func end() { isEnded = true }

    /// The client is gone.
    /// - Returns: the loads that it is owed, for ``Engine/abandon(_:)``.
    package func close() -> [PendingLoad] {
        isEnded = true
        onWork = nil
        let owedLoads = owed
        owed = []
        held = []
        heldBytes = 0
        output = Outbox()
        countOutput()
        return owedLoads
    }
}
