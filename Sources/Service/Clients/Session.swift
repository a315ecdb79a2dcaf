import Loading
import Reactor
import Relations
import Time
import Wire

/// One client connection: its socket, the lines that come in, and the reply queue whose bytes go out.
final class Session {
    private enum State {
        /// Nothing has come yet; the first bytes show whether the client speaks another protocol. Next: any
        /// other.
        case new
        /// Requests are read. Next: any that follows.
        case open
        /// The client is known to send no more, and some of what it has sent is still to be read. Next:
        /// halfClosed, closing, closed.
        case ending
        /// All that the client sends has been read; it still gets what it is owed. Next: closing, closed.
        case halfClosed
        /// Only the output is still to be sent. Next: closed.
        case closing
        /// The socket is closed, or lingers. Nothing follows.
        case closed
    }

    /// Bytes of a line that has not ended, beyond which it is given up where there is no memory.
    private static let maxLineWithoutMemory = 2 * TurnBudget.bytesRead
    /// Bytes of output buffer that an idle connection keeps.
    private static let idleCapacity = 1 << 14

    private unowned let frontend: ClientFrontend
    private let socket: Socket
    private let loop: EventLoop
    private var watch: Watch?
    private var framer: LineFramer
    let replies: ReplyQueue
    private var state = State.new
    /// Bytes of lines that have not ended which are counted as memory in use.
    private var countedInput = 0
    /// When a line began that has not ended yet. Nil also while we leave lines standing.
    private var lineBegan: Instant?
    private var sendProgress = SendProgress()
    /// Whether lines that have come are left to the next turn, because other clients must have theirs.
    private var isDeferringLines = false
    /// Whether the frontend will call ``memoryIsBack()``.
    private var isAwaitingMemory = false
    /// Whether the frontend will call ``flush()`` at the end of this turn.
    private var isFlushDue = false

    init(
        _ socket: Socket, frontend: ClientFrontend, loop: EventLoop, account: ClientAccount, maxLineBytes: Int
    ) {
        self.socket = socket
        self.frontend = frontend
        self.loop = loop
        replies = ReplyQueue(account: account, context: frontend.context)
        framer = LineFramer(limit: maxLineBytes)
        watch = Watch(loop, fileDescriptor: socket.fileDescriptor) { [unowned self] readiness in
            if readiness.contains(.ended) { return inputEnded() }
            if readiness.contains(.readable) { read() }
            if readiness.contains(.writable) { flush() }
        }
        watch?.set(readable: true, writable: false)
        replies.onWork = { [unowned self] in askForFlush() }
    }

    /// Whether requests may still come from the client.
    private var isReading: Bool {
        switch state {
        case .new, .open, .ending: true
        case .halfClosed, .closing, .closed: false
        }
    }

    private var isClosed: Bool { if case .closed = state { true } else { false } }

    // MARK: In

    /// Whether the next line may be handled now.
    private var acceptsLines: Bool {
        switch state {
        case .new, .open, .ending, .halfClosed: !replies.isBusy && hasRoomForReplies && !isDeferringLines
        case .closing, .closed: false
        }
    }

    /// Whether the replies to its next lines have room. Beyond `limits.client_output_bytes` a client gets
    /// errors only, and these are bounded too.
    private var hasRoomForReplies: Bool {
        !lacksMemory && (!replies.hasOutput || replies.unreadBytes < frontend.limits.maxBacklogBytes)
    }

    /// Whether its replies must be read before more are made: even those without rows take memory, and where
    /// there is none, a client gets little of it.
    private var lacksMemory: Bool { replies.outputBytes >= Self.idleCapacity && frontend.memory.isFull }

    private func read() {
        guard isReading, acceptsLines else { return closeIfHungUp() }
        framer.limit = frontend.limits.maxLineBytes
        framer.takeMemory(of: &frontend.inputMemory)
        var result = Socket.Result.wouldBlock
        _ = framer.receive(upTo: TurnBudget.bytesRead) { space in
            result = socket.read(into: space)
            if case .bytes(let count) = result { return count }
            return 0
        }
        switch result {
        case .bytes:
            if case .new = state {
                if refuseForeignProtocol() { return }
                state = .open
            }
            handleLines()
            giveUpLineWithoutMemory()
        case .wouldBlock: settleInput()
        case .closed where socket.isHungUp: close()
        case .closed:
            state = .halfClosed
            handleLines()
        case .failed: close()
        }
    }

    // {"error":{"code":"bad_json",…}}
    /// Replies with one error to HTTP or TLS, and ends the connection.
    /// - Returns: whether the client speaks one of them.
    private func refuseForeignProtocol() -> Bool {
        guard let found = framer.withPending(ForeignProtocol.detect) else { return false }
        framer.discardAll()
        settleInput()
        replies.reply(found.failure, to: nil)
        replies.end()
        state = .closing
        return true
    }

    /// Handles the lines that have come, while the client keeps up with its replies and its turn lasts.
    private func handleLines() {
        let frontend = frontend
        let start = loop.now
        var count = 0
        isDeferringLines = false
        while acceptsLines, framer.next({ frontend.handle($0, from: self) }) {
            count += 1
            // A cancel looks through all loads that are owed.
            let isCostly = replies.owed.count > ReplyQueue.maxInProgress
            guard count >= TurnBudget.minLines || isCostly else { continue }
            loop.refreshTime()
            if loop.now - start > TurnBudget.lines { deferLines() }
        }
        if case .halfClosed = state, acceptsLines {
            _ = framer.finish { frontend.handle($0, from: self) }
            closeIfDone()
        }
        if count > 0 { sendProgress.requestWasTaken(at: loop.now) }
        settleInput()
        noteLine(hasEnded: count > 0)
        rearm()
    }

    private func deferLines() {
        isDeferringLines = true
        askForFlush()
    }

    /// Notes since when a line has been on its way, for ``endAsTooSlow(_:)``.
    private func noteLine(hasEnded: Bool) {
        guard isReading, acceptsLines, !framer.isBetweenLines else {
            lineBegan = nil
            return
        }
        guard hasEnded || lineBegan == nil else { return }
        lineBegan = loop.now
        frontend.watchProgress(of: self)
    }

    /// Answers a long line of which only the beginning has come, and skips its rest, if there is no memory
    /// for what is under way.
    private func giveUpLineWithoutMemory() {
        guard framer.capacity > Self.maxLineWithoutMemory, acceptsLines, frontend.memory.isFull,
            framer.skipLine()
        else { return }
        frontend.refuseLine(of: self)
        settleInput()
    }

    /// Gives back the memory that took the input, or counts what a line that has not ended keeps of it.
    private func settleInput() {
        framer.giveMemory(to: &frontend.inputMemory)
        if isClosed { return }
        let isLine = !framer.isBetweenLines && framer.capacity > Self.idleCapacity
        frontend.memory.update(&countedInput, to: isLine ? framer.capacity : 0)
    }

    // MARK: Out

    private func askForFlush() {
        guard !isFlushDue, !isClosed else { return }
        isFlushDue = true
        frontend.scheduleFlush(of: self)
    }

    /// Sends as much as the client takes now.
    func flush() {
        isFlushDue = false
        // Closed since it asked to be flushed: its descriptor may already be another client's.
        if isClosed { return }
        var sent = 0
        while replies.hasOutput {
            guard sent < TurnBudget.bytesWritten else { return askForFlush() }
            var result = Socket.Result.wouldBlock
            replies.send { bytes in
                result = socket.write(bytes)
                if case .bytes(let count) = result { return count }
                return 0
            }
            switch result {
            case .bytes(let count):
                sent += count
                sendProgress.sent(count, at: loop.now)
            case .wouldBlock:
                if sendProgress.stalled(at: loop.now) { frontend.watchProgress(of: self) }
                return continueHandling()
            case .closed, .failed: return close()
            }
        }
        sendProgress.caughtUp()
        if case .closing = state {
            replies.sendingEnds(idleCapacity: Self.idleCapacity)
            return end()
        }
        continueHandling()
    }

    /// Goes on with lines and replies that had to wait while there was too much to send. Only after them may
    /// the connection end.
    private func continueHandling() {
        replies.sendingEnds(idleCapacity: Self.idleCapacity)
        replies.resume()
        handleLines()
    }

    private func rearm() {
        if isClosed { return }
        if lacksMemory, takesReplies { awaitMemory() }
        let isWriting = replies.hasOutput && !isFlushDue
        switch state {
        // While writing, an end that is already known would be reported again and again.
        case .ending:
            watch?.set(readable: acceptsLines, writable: isWriting, ended: !acceptsLines && !isWriting)
        case .new, .open: watch?.set(readable: acceptsLines, writable: isWriting, ended: !acceptsLines)
        case .halfClosed: watch?.set(readable: false, writable: isWriting, ended: !isWriting)
        case .closing, .closed: watch?.set(readable: false, writable: isWriting)
        }
    }

    /// Whether the client may still get replies to its requests.
    private var takesReplies: Bool {
        switch state {
        case .new, .open, .ending, .halfClosed: true
        case .closing, .closed: false
        }
    }

    /// Has the frontend call ``memoryIsBack()``: nothing that the client does would show that there is
    /// memory.
    private func awaitMemory() {
        guard !isAwaitingMemory else { return }
        isAwaitingMemory = true
        frontend.awaitMemory(self)
    }

    func memoryIsBack() {
        isAwaitingMemory = false
        askForFlush()
    }

    /// While nothing is read from the client, a connection that was lost with replies unread is reported as
    /// if there were something to read.
    private func closeIfHungUp() {
        if socket.isHungUp { return close() }
        // Since the socket was last watched, memory may have become scarce.
        rearm()
    }

    /// The client has shut down its side while its lines are left standing. One that is gone waits for
    /// nothing; one that has only sent all is still owed its replies.
    private func inputEnded() {
        if socket.isHungUp { return close() }
        if isReading { state = .ending }
        rearm()
    }

    // MARK: Slow clients

    /// Bytes that the client has the daemon keep, if it has been slow to read for so long.
    func keptBytes(ifStalledFor time: TimeSpan) -> Int? {
        guard let since = sendProgress.stalledSince, loop.now - since >= time else { return nil }
        return replies.keptBytes
    }

    /// When the client will have been too slow; nil while it is not slow.
    func deadline(_ limits: ClientFrontend.Limits) -> Instant? {
        let line = lineBegan.map { $0 + .seconds(limits.lineTimeoutSeconds) }
        return .earlier(line, sendProgress.deadline(limits))
    }

    /// The deadline has passed: the client is disconnected, or its line given up.
    func endAsTooSlow(_ limits: ClientFrontend.Limits) {
        if let deadline = sendProgress.deadline(limits), deadline <= loop.now {
            // It is we who read no requests, because too many are in progress.
            if replies.isBusy { return sendProgress.requestWasTaken(at: loop.now) }
            return frontend.dropSlowReader(self, "limits.send_timeout_s = \(limits.sendTimeoutSeconds)")
        }
        giveUpLine("limits.line_timeout_s = \(limits.lineTimeoutSeconds)")
    }

    /// Replies with an error to a line that has not ended. The client gets what it is owed, and no more is
    /// read from it.
    private func giveUpLine(_ bound: String) {
        replies.reply(
            Failure(.timeout, "a line has not ended within \(bound); the connection is closed"), to: nil)
        framer.discardAll()
        settleInput()
        lineBegan = nil
        if isReading { state = .halfClosed }
        rearm()
    }

    // MARK: The end

    /// Ends the connection if the client sends no more and has got all that it was owed.
    private func closeIfDone() {
        if case .halfClosed = state, replies.isEmpty, !isDeferringLines { end() }
    }

    /// Ends the connection once nothing is owed: answers the lines that have come whole, sends what is to be
    /// sent, and reads no more.
    func finish() {
        guard isReading, replies.owed.isEmpty else { return closeIfDone() }
        state = .halfClosed
        framer.discardUnfinishedLine()
        handleLines()
    }

    /// Closes the connection so that the client still gets all that it was sent.
    private func end() {
        disconnect { frontend.lingering.end(socket) }
    }

    /// Closes the connection at once.
    func close() {
        disconnect(socket.close)
    }

    private func disconnect(_ endConnection: () -> Void) {
        if isClosed { return }
        state = .closed
        watch?.cancel()
        watch = nil
        endConnection()
        frontend.memory.update(&countedInput, to: 0)
        frontend.sessionClosed(self, owing: replies.close())
    }
}
