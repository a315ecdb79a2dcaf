import Wire

/// Writes a long reply, if there is memory for it.
final class ReplyWriteTask: SlicedTask {
    private static let bytesInSlice = 1 << 18

    private let load: PendingLoad
    private var reply: LoadReply
    private var output = ByteBuffer()
    private let memory: MemoryGauge
    /// Bytes that are counted in it: what the reply will take, lest many are begun that do not fit together.
    private var held = 0
    private var hasBegun = false
    /// Bytes written so far.
    private(set) var byteCount = 0

    init(_ reply: LoadReply, of load: PendingLoad, memory: MemoryGauge) {
        self.load = load
        self.reply = reply
        self.memory = memory
        load.client.awaitsLongReply = true
    }

    func runSlice(for engine: Engine) -> Bool {
        let hasMore = load.isWaiting && !load.isAbandoned && writeSlice(for: engine)
        if !hasMore {
            memory.update(&held, to: 0)
            load.client.awaitsLongReply = false
        }
        return hasMore
    }

    private func writeSlice(for engine: Engine) -> Bool {
        guard hasRoom() else {
            engine.fail(load, engine.fullMemory)
            return false
        }
        let outcome = reply.write(
            to: &output, steps: engine.tasks.limits.rowsInSlice, bytes: Self.bytesInSlice)
        byteCount = max(byteCount, output.count)
        switch outcome {
        case .more: return true
        case .done:
            engine.forget(load)
            memory.update(&held, to: 0)
            load.client.reply(load.requestID, moving: &output)
        case .failed(let failure): engine.fail(load, failure)
        }
        return false
    }

    private func hasRoom() -> Bool {
        if hasBegun {
            guard output.capacity > held else { return true }
            memory.update(&held, to: output.capacity)
            return !memory.isFull
        }
        hasBegun = true
        guard !memory.isFull else { return false }
        output.reserve(reply.estimate)
        memory.update(&held, to: output.capacity)
        return true
    }
}
