import Glibc

/// An error of the operating system's.
package struct ReactorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried, where, and what to do.
    package let message: String
    /// 0 if the system gave no reason.
    package let errno: Int32

    init(_ message: String, errno: Int32 = 0) {
        self.message = message
        self.errno = errno
    }

    package var description: String {
        errno == 0 ? message : "\(message): \(String(cString: strerror(errno)))"
    }
}
