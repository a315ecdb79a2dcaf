import Reactor
import Testing

/// Messages from other threads to the loop.
@Suite struct MailboxTests {
    @Test func `a mailbox loses no message of many threads, and keeps each thread's order`() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<(thread: Int, number: Int)>(loop)
        let (threads, messages) = (4, 500)
        var received: [Int: [Int]] = [:]
        mailbox.receive { message in
            received[message.thread, default: []].append(message.number)
            if received.values.reduce(0, { $0 + $1.count }) == threads * messages { loop.stop() }
        }
        let sender = mailbox.sender
        for thread in 0..<threads {
            try WorkerThread.detach { for number in 0..<messages { sender.post((thread, number)) } }
        }
        loop.run {}
        #expect(received.count == threads)
        for numbers in received.values { #expect(numbers == Array(0..<messages)) }
    }
}
