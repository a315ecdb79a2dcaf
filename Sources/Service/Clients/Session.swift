import Batching
import DequeModule
import Reactor
import Relations
import Wire

/// One client connection: lines in, replies out, and what is owed in between.
final class Session: Client {
    private enum State {
        /// Next: halfClosed, closing, closed.
        case open
        /// The client sends no more, and still gets what it is owed. Next: closing, closed.
        case halfClosed
        /// Only the output is still to be written. Next: closed.
        case closing
        case closed
    }

    /// Requests of one client that may be in progress before we stop reading from it. They end by themselves, whether
    /// it reads or not, so that this only slows it down.
    static let maxInProgress = 4096
    /// Unsent bytes from which on long replies are kept as rows, which whoever else asked for them shares.
    private static let highWater = 1 << 20
    /// Bytes of rows from which on a reply is long. Shorter ones take less as text than the load they answer.
    private static let longReply = 1 << 16
    /// What a load takes at least that is kept until there is room for its reply.
    private static let leastHeld = 512
    /// Bytes of a line that has not ended, beyond which it is given up where there is no memory.
    private static let longLine = 2 * TurnBudget.bytesRead
    /// Bytes of output buffer that an idle connection keeps.
    private static let idleCapacity = 1 << 14

    private unowned let server: Server
    private let socket: Socket
    private let loop: EventLoop
    private var watch: Watch?
    private var framer: LineFramer
    private var output = Outbox()
    /// Loads that have all their answers, and whose replies are written when there is room.
    private var waitingForRoom: Deque<PendingLoad> = []
    /// Bytes of their rows.
    private var waitingBytes = 0
    /// Bytes of the output that are counted as memory in use.
    private var held = 0
    /// The same of lines that have not ended.
    private var heldInput = 0
    private var state = State.open
    private(set) var owed: [PendingLoad] = []
    var share: FairShare
    var keysOnTheirWay = 0
    /// When a line began that has not ended yet. Nil also while lines are left standing by us.
    private var lineBegan: Int64?
    private var sendProgress = SendProgress()
    private var isFirstRead = true
    /// Whether the client is known to send no more, though not all of it has been read.
    private var isInputEnded = false
    /// Whether lines have been left standing because the others must have their turn.
    private var isBehind = false
    /// Whether it stands in the server's list of sessions whose lines wait for memory.
    private var isAwaitingMemory = false
    /// Whether it stands in the server's list of sessions to be flushed in this turn.
    private var isDirty = false

    init(_ socket: Socket, server: Server, loop: EventLoop, share: FairShare, maxLineBytes: Int) {
        self.socket = socket
        self.server = server
        self.loop = loop
        self.share = share
        framer = LineFramer(limit: maxLineBytes)
        watch = Watch(loop, fileDescriptor: socket.fileDescriptor) { [unowned self] readiness in
            if readiness.contains(.ended) { return inputEnded() }
            if readiness.contains(.readable) { read() }
            if readiness.contains(.writable) { flush() }
        }
        watch?.set(readable: true, writable: false)
    }

    var isOwedNothing: Bool { owed.isEmpty && output.isEmpty }

    // MARK: In

    private var acceptsLines: Bool {
        switch state {
        case .open, .halfClosed: !isBusy && hasRoomForReplies && !isBehind
        case .closing, .closed: false
        }
    }

    /// Whether as many of its requests are in progress as may be. Those whose answers are all there, and which only wait
    /// for it to read, are bounded by their bytes: reading must not depend on them, for a client may write before it reads.
    private var isBusy: Bool { owed.count - waitingForRoom.count >= Self.maxInProgress }

    /// Whether the errors that its next lines may get have room. Beyond the bounds they are all that it gets, and are
    /// bounded too.
    private var hasRoomForReplies: Bool {
        !lacksMemory && (output.isEmpty || unread < server.limits.maxUnreadBytes)
    }

    /// Also what has no rows takes memory until it is read: where there is none, little of it.
    private var lacksMemory: Bool { output.count >= Self.idleCapacity && server.memory.isFull }

    /// Bytes that the client has not read yet, those of loads whose replies are still to be written among them.
    private var unread: Int { output.count + waitingBytes }

    private func read() {
        guard case .open = state, acceptsLines else { return closeIfHungUp() }
        framer.limit = server.limits.maxLineBytes
        var result = Socket.Result.wouldBlock
        _ = framer.receive(upTo: TurnBudget.bytesRead) { space in
            result = socket.read(into: space)
            if case .bytes(let count) = result { return count }
            return 0
        }
        switch result {
        case .bytes:
            if isFirstRead, refusesForeignProtocol() { return }
            isFirstRead = false
            handleLines()
            giveUpLineWithoutMemory()
        case .wouldBlock: break
        case .closed where socket.isHungUp: close()
        case .closed:
            state = .halfClosed
            handleLines()
        case .failed: close()
        }
    }

    private func noteLine(hasEnded: Bool) {
        let isOpen = if case .open = state { acceptsLines } else { false }
        guard isOpen, !framer.isBetweenLines else {
            lineBegan = nil
            return
        }
        guard hasEnded || lineBegan == nil else { return }
        lineBegan = loop.now
        server.observe(self)
    }

    /// Handles the lines that have come, as long as the client does not owe us the reading of its replies.
    private func handleLines() {
        let server = server
        let start = loop.now
        var count = 0
        isBehind = false
        while acceptsLines, framer.next({ server.handle($0, from: self) }) {
            count += 1
            // A cancel looks through all that is owed.
            guard count >= TurnBudget.linesAtLeast || owed.count > Self.maxInProgress else { continue }
            loop.refreshTime()
            if loop.now - start > TurnBudget.lines { fallBehind() }
        }
        if case .halfClosed = state, acceptsLines {
            _ = framer.finish { server.handle($0, from: self) }
            closeIfDone()
        }
        if count > 0 { sendProgress.goOn(at: loop.now) }
        countInput()
        noteLine(hasEnded: count > 0)
        rearm()
    }

    private func fallBehind() {
        isBehind = true
        askForFlush()
    }

    /// Half a long line, when there is no memory for what is under way: it is answered, and its rest is skipped.
    private func giveUpLineWithoutMemory() {
        guard framer.capacity > Self.longLine, acceptsLines, server.memory.isFull, framer.skipLine() else {
            return
        }
        server.refuseLine(of: self)
        countInput()
    }

    private func countInput() {
        if case .closed = state { return }
        let isLine = !framer.isBetweenLines && framer.capacity > Self.idleCapacity
        server.memory.update(&heldInput, to: isLine ? framer.capacity : 0)
    }

    // HTTP or TLS: one {"error":{"code":"bad_json",…}}, and the connection ends.
    private func refusesForeignProtocol() -> Bool {
        guard let found = framer.withPending(ForeignProtocol.detect) else { return false }
        reply(found.failure, to: nil)
        state = .closing
        return true
    }

    // MARK: Out

    func owe(_ load: PendingLoad) {
        load.place = owed.count
        owed.append(load)
    }

    func settle(_ load: PendingLoad) {
        if load.isHeld { letGo(load) }
        guard load.place < owed.count, owed[load.place] === load else { return }
        let last = owed.removeLast()
        guard last !== load else { return }
        last.place = load.place
        owed[load.place] = last
    }

    func reply(_ requestID: RequestID?, write: (inout ByteBuffer) -> Failure?) {
        guard isWritable else { return }
        let room = roomForReply
        let failure = output.write { buffer -> Failure? in
            let start = buffer.count
            if let failure = write(&buffer) { return failure }
            guard buffer.count - start > room else { return nil }
            buffer.truncate(to: start)
            return Engine.tooMuchUnread
        }
        if let failure { return reply(failure, to: requestID) }
        sent(nil)
    }

    /// Bytes that a further reply may have; with nothing unread before it, it may have any number.
    private var roomForReply: Int { output.isEmpty ? .max : server.limits.maxOutputBytes - unread }

    func reply(_ failure: Failure, to requestID: RequestID?) {
        guard isWritable else { return }
        output.write { ReplyEncoder.failure(requestID, failure, into: &$0) }
        sent(failure.code)
    }

    /// A reply that is known at once, and no longer than an error in its place would be.
    func reply(_ write: (inout ByteBuffer) -> Void) {
        guard isWritable else { return }
        output.write(write)
        sent(nil)
    }

    func reply(_ requestID: RequestID?, moving reply: inout ByteBuffer) {
        guard isWritable else { return }
        if reply.count > roomForReply { return self.reply(Engine.tooMuchUnread, to: requestID) }
        output.append(&reply)
        sent(nil)
    }

    // MARK: Replies that wait

    func hasRoom(for load: PendingLoad) -> Bool {
        if output.count < Self.highWater { return true }
        return load.byteCount < Self.longReply && unread + load.byteCount <= server.limits.maxOutputBytes
    }

    var awaitsLongReply = false {
        didSet { if !awaitsLongReply { askForFlush() } }
    }

    func hold(_ load: PendingLoad) -> Bool {
        let bytes = Self.heldBytes(load)
        guard unread + bytes <= server.limits.maxOutputBytes else { return false }
        load.isHeld = true
        waitingForRoom.append(load)
        waitingBytes += bytes
        return true
    }

    private static func heldBytes(_ load: PendingLoad) -> Int { max(load.byteCount, leastHeld) }

    private func answerWaiting() {
        while !awaitsLongReply, let load = waitingForRoom.first, hasRoom(for: load) {
            letGo(load)
            server.complete(load)
        }
    }

    private func letGo(_ load: PendingLoad) {
        guard let place = waitingForRoom.firstIndex(where: { $0 === load }) else { return }
        waitingForRoom.remove(at: place)
        waitingBytes -= Self.heldBytes(load)
        load.isHeld = false
    }

    private var isWritable: Bool {
        switch state {
        case .open, .halfClosed: true
        case .closing, .closed: false
        }
    }

    private func sent(_ error: Failure.Code?) {
        let server = server
        server.countReply(error)
        server.memory.update(&held, to: output.capacity)
        askForFlush()
    }

    private func askForFlush() {
        guard !isDirty else { return }
        isDirty = true
        server.needsFlush(self)
    }

    /// Writes as much as the client takes now.
    func flush() {
        isDirty = false
        // Closed since it asked to be flushed: its descriptor may already be another client's.
        if case .closed = state { return }
        var sent = 0
        while !output.isEmpty {
            guard sent < TurnBudget.bytesWritten else { return askForFlush() }
            switch output.withFirstBytes(socket.write) {
            case .bytes(let count):
                output.removeFirst(count)
                sent += count
                sendProgress.take(count, at: loop.now)
            case .wouldBlock:
                if sendProgress.begin(at: loop.now) { server.observe(self) }
                server.memory.update(&held, to: output.capacity)
                answerWaiting()
                // Lines may have been left standing while too many of its requests were in progress.
                return handleLines()
            case .closed, .failed: return close()
            }
        }
        sendProgress.end()
        output.trim(to: Self.idleCapacity)
        server.memory.update(&held, to: output.capacity)
        if case .closing = state { return end() }
        // Lines may have been left standing while there was too much to send; only after them may it be the end.
        answerWaiting()
        handleLines()
    }

    private func rearm() {
        if case .closed = state { return }
        if lacksMemory, isWritable { awaitMemory() }
        let isWriting = !output.isEmpty && !isDirty
        switch state {
        case .open:
            // Beside writing, an end that is known already would be told again and again.
            let awaitsEnd = !acceptsLines && !(isInputEnded && isWriting)
            watch?.set(readable: acceptsLines, writable: isWriting, ended: awaitsEnd)
        case .halfClosed: watch?.set(readable: false, writable: isWriting, ended: !isWriting)
        case .closing, .closed: watch?.set(readable: false, writable: isWriting)
        }
    }

    /// Has its lines looked at again when there is memory: nothing that the client does may tell of that.
    private func awaitMemory() {
        guard !isAwaitingMemory else { return }
        isAwaitingMemory = true
        server.awaitMemory(self)
    }

    func memoryIsBack() {
        isAwaitingMemory = false
        askForFlush()
    }

    /// While nothing is read from it: who was lost with replies unread is told of as if there were something to read.
    private func closeIfHungUp() {
        if socket.isHungUp { return close() }
        // Since the socket was last watched, memory may have become scarce.
        rearm()
    }

    /// While its lines are left standing: who is gone waits for nothing; who has only sent all is still owed.
    private func inputEnded() {
        if socket.isHungUp { return close() }
        isInputEnded = true
        rearm()
    }

    // MARK: Slow clients

    /// Bytes that it has the daemon keep, if it has been slow to read for so many nanoseconds.
    func hoard(after patience: Int64) -> Int? {
        guard let since = sendProgress.since, loop.now - since >= patience else { return nil }
        return held + waitingBytes
    }

    /// When the client will have been too slow.
    func deadline(_ limits: Server.Limits) -> Int64? {
        let line = lineBegan.map { $0 + Int64(limits.lineTimeoutSeconds) * 1_000_000_000 }
        return [line, sendProgress.deadline(limits)].compactMap { $0 }.min()
    }

    /// The deadline has come.
    func isTooSlow(_ limits: Server.Limits) {
        if let deadline = sendProgress.deadline(limits), deadline <= loop.now {
            // What is in progress keeps us from reading on, not the client from writing.
            if isBusy { return sendProgress.goOn(at: loop.now) }
            return server.dropSlowReader(self, "limits.send_timeout_s = \(limits.sendTimeoutSeconds)")
        }
        giveUpLine("limits.line_timeout_s = \(limits.lineTimeoutSeconds)")
    }

    /// The client gets what it is owed, and no more is read from it.
    private func giveUpLine(_ bound: String) {
        reply(Failure(.timeout, "a line has not ended within \(bound); the connection is closed"), to: nil)
        framer.abandonLine()
        lineBegan = nil
        if case .open = state { state = .halfClosed }
        rearm()
    }

    // MARK: The end

    /// The client sends no more and has got all it was owed.
    private func closeIfDone() {
        if case .halfClosed = state, isOwedNothing, !isBehind { end() }
    }

    /// Reads no more once nothing is owed, answers the lines that have come whole, sends what is to be sent, and ends.
    func finish() {
        guard case .open = state, owed.isEmpty else { return closeIfDone() }
        state = .halfClosed
        framer.abandonPart()
        handleLines()
    }

    /// The client has been sent all; it is to get it all.
    private func end() {
        release { server.lingering.end(socket) }
    }

    func close() {
        release(socket.close)
    }

    private func release(_ endConnection: () -> Void) {
        if case .closed = state { return }
        state = .closed
        watch?.cancel()
        watch = nil
        endConnection()
        server.memory.update(&held, to: 0)
        server.memory.update(&heldInput, to: 0)
        let unpaid = owed
        owed = []
        waitingForRoom = []
        // Some of the server's lists may know it for a while.
        output = Outbox()
        server.sessionClosed(self, owing: unpaid)
    }
}
