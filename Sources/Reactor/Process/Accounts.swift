import Glibc

/// The machine's users. A directory service may have to be asked, which waits: not for the loop's thread.
package enum Accounts {
    /// The number of the user of this name; nil if there is none, or it cannot be found out.
    package static func userID(of name: String) -> UInt32? {
        getpwnam(name)?.pointee.pw_uid
    }
}
