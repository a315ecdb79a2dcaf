/// One way to have loads answered.
protocol Contender: AnyObject {
    /// Called when an answer is there, or will never be.
    var onDone: (Completion) -> Void { get set }
    /// Of clients that are not answered yet.
    var outstanding: Int { get }

    /// Asks for something, now or as soon as the client's connection allows it.
    /// - Parameter intended: when the client wanted to ask, in monotonic nanoseconds.
    func issue(client: Int, intended: Int64)

    /// Sends what has been issued in this turn.
    func flush()
}

struct Completion {
    let client: Int
    let intended: Int64
    /// Keys whose rows have come.
    let loads: Int
    let error: Trouble?
}

/// Why an answer has not come.
struct Trouble {
    let message: String
    /// There is no use in asking again.
    let isConnectionLost: Bool
}

/// What keeps the bench from measuring, in one line.
package struct BenchError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
