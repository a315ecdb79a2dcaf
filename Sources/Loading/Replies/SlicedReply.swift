import Relations
import Wire

/// Writes a long reply in slices, if there is memory for it.
final class SlicedReply: SlicedTask {
    /// Bytes after which no further row or list is begun in a slice.
    private static let bytesInSlice = 1 << 18

    private let load: PendingLoad
    private let queue: ReplyQueue
    private let context: EngineContext
    private var writer: ReplyWriter
    private var line = ByteBuffer()
    /// Bytes that are counted as memory in use: from the beginning what the whole reply will take, so that no
    /// more replies are begun than fit together.
    private var countedBytes = 0
    private var hasBegun = false
    /// Bytes written so far.
    private(set) var byteCount = 0

    init(_ writer: ReplyWriter, of load: PendingLoad, to queue: ReplyQueue, _ context: EngineContext) {
        self.writer = writer
        self.load = load
        self.queue = queue
        self.context = context
    }

    func runSlice(rows: Int) -> Bool {
        guard load.phase == .writing else { return end(nil) }
        guard hasRoom() else { return end(.failure(context.fullMemory)) }
        let progress = writer.write(to: &line, steps: rows, bytes: Self.bytesInSlice)
        byteCount = max(byteCount, line.count)
        switch progress {
        case .more: return true
        case .done: return end(.success(()))
        case .failed(let failure): return end(.failure(failure))
        }
    }

    private func end(_ result: Result<Void, Failure>?) -> Bool {
        context.memory.update(&countedBytes, to: 0)
        queue.finishWriting(load, result, line: &line)
        return false
    }

    private func hasRoom() -> Bool {
        let memory = context.memory
        if hasBegun {
            guard line.capacity > countedBytes else { return true }
            memory.update(&countedBytes, to: line.capacity)
            return !memory.isFull
        }
        hasBegun = true
        guard !memory.isFull else { return false }
        line.reserve(writer.estimate)
        memory.update(&countedBytes, to: line.capacity)
        return true
    }
}
