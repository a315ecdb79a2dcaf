/// Why a private server could not be started or stopped, with what the server itself wrote about it.
package struct PrivateServerError: Error, Sendable, CustomStringConvertible {
    /// What, where, and what to do; may have several lines.
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    /// `what` and the last lines of a log file.
    init(_ what: String, log path: String) {
        let tail = lastLines(of: path)
        self.init(tail.isEmpty ? "\(what); \(path) is empty" : "\(what); the last lines of \(path):\n\(tail)")
    }
}
