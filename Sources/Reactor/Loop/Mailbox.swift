import CLibevent
import Glibc
import Synchronization

/// Takes messages from other threads to the loop: a locked array, and an eventfd that wakes the loop. See
/// `Offload` for work whose result is awaited.
package final class Mailbox<Message: Sendable> {
    /// The end of the mailbox for other threads. It stays usable, and harmless, when the mailbox is gone.
    package final class Sender: Sendable {
        fileprivate let descriptor: Int32
        private let messages = Mutex<[Message]>([])

        fileprivate init(descriptor: Int32) {
            self.descriptor = descriptor
        }

        deinit { close(descriptor) }

        package func post(_ message: Message) {
            messages.withLock { $0.append(message) }
            _ = eventfd_write(descriptor, 1)
        }

        fileprivate func takeAll() -> [Message] {
            var count: UInt64 = 0
            _ = eventfd_read(descriptor, &count)
            return messages.withLock { messages in
                defer { messages = [] }
                return messages
            }
        }
    }

    package let sender: Sender
    private let loop: EventLoop
    private var watch: Watch?

    package init(_ loop: EventLoop) throws(ReactorError) {
        let descriptor = eventfd(0, kindred_efd_flags)
        guard descriptor >= 0 else { throw ReactorError("eventfd", errno: errno) }
        self.loop = loop
        sender = Sender(descriptor: descriptor)
    }

    /// Starts handing messages to `handler`, on the loop's thread, in the order in which they were posted.
    package func receive(_ handler: @escaping (Message) -> Void) {
        let watch = Watch(loop, fileDescriptor: sender.descriptor) { [sender] _ in
            for message in sender.takeAll() { handler(message) }
        }
        watch.set(readable: true, writable: false)
        self.watch = watch
    }
}
