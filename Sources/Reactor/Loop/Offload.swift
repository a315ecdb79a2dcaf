/// Runs work that waits on a thread of its own and hands the result to the loop's thread: name resolution,
/// reading the schema, files, `KILL`.
///
/// One object serves one owner and one kind of result. Several pieces of work may be under way at a time,
/// each on its own thread. When the object is gone, results that still come are dropped.
package final class Offload<Output: Sendable> {
    package typealias Completion = (Result<Output, ReactorError>) -> Void

    private let loop: EventLoop
    private let mailbox: Mailbox<(number: Int, output: Output)>
    /// What is to be done with each result, by the number of the work. It stays here because it belongs to
    /// the loop's thread.
    private var completions: [Int: Completion] = [:]
    private var nextNumber = 0

    package init(_ loop: EventLoop) throws(ReactorError) {
        self.loop = loop
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in finish($0.number, .success($0.output)) }
    }

    /// Runs `work` on a thread of its own.
    /// - Parameter completion: called on the loop's thread in a later turn, with an error if no thread could
    ///   be made: `work` was not run then, because it would have kept the loop waiting.
    package func run(_ work: @escaping @Sendable () -> Output, then completion: @escaping Completion) {
        let number = nextNumber
        nextNumber += 1
        completions[number] = completion
        let sender = mailbox.sender
        do throws(ReactorError) {
            try WorkerThread.detach { sender.post((number, work())) }
        } catch {
            loop.onNextTurn { [weak self] in self?.finish(number, .failure(error)) }
        }
    }

    private func finish(_ number: Int, _ result: Result<Output, ReactorError>) {
        completions.removeValue(forKey: number)?(result)
    }
}
