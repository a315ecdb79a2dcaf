import Glibc

/// The machine's users. Waits, where a directory service is asked: not for the loop.
package enum Accounts {
    /// Nil if there is no user of this name, or nobody can tell.
    package static func userID(of name: String) -> UInt32? {
        getpwnam(name)?.pointee.pw_uid
    }
}
