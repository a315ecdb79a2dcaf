import CLibevent
import Glibc
import Synchronization

/// Lines for standard error, written by a thread of its own: if nobody reads them, or a disk is full, the
/// daemon goes on, and the lines beyond a bound are dropped and counted.
package struct LogStream: TextOutputStream, Sendable {
    private let queue: LogQueue

    /// Begins to write to the descriptor, which stays open.
    /// - Parameter warningPrefix: the beginning of the line that says how many lines were dropped.
    package init(to descriptor: Int32, warningPrefix: String = "") throws(ReactorError) {
        let queue = LogQueue(warningPrefix)
        self.queue = queue
        try WorkerThread.detach { queue.write(to: descriptor) }
    }

    package func write(_ line: String) { queue.add(line) }

    /// Waits until all is written, but no longer than this: for the end of the program.
    package func flush(withinMilliseconds timeout: Int) {
        for _ in 0..<timeout where !queue.isEmpty { usleep(1000) }
    }
}

private final class LogQueue: Sendable {
    private struct State {
        var lines: [String] = []
        var dropped = 0
        var isWriting = false
    }

    /// Lines that wait at most; more are dropped.
    private static let maxLines = 1000
    private let state = Mutex(State())
    private let warningPrefix: String
    /// Counts up when there is something to write.
    private let signal = eventfd(0, 0)

    init(_ warningPrefix: String) {
        self.warningPrefix = warningPrefix
    }

    var isEmpty: Bool { state.withLock { $0.lines.isEmpty && !$0.isWriting } }

    func add(_ line: String) {
        state.withLock { state in
            if state.lines.count < Self.maxLines { state.lines.append(line) } else { state.dropped += 1 }
        }
        eventfd_write(signal, 1)
    }

    func write(to descriptor: Int32) {
        var count: UInt64 = 0
        while eventfd_read(signal, &count) == 0 || errno == EINTR {
            Self.write(take(), to: descriptor)
            state.withLock { $0.isWriting = false }
        }
    }

    private func take() -> String {
        state.withLock { state in
            var text = state.lines.joined()
            if state.dropped > 0 {
                text += "\(warningPrefix)kindred: \(state.dropped) log lines were dropped\n"
            }
            state = State(isWriting: true)
            return text
        }
    }

    /// What cannot be written is lost: there is nowhere to say so.
    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if written > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
                } else if errno == EAGAIN {
                    // Another process has made it non-blocking.
                    usleep(10_000)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
