package import Batching
import Relations

/// Who asks, and what part of the daemon it has a right to: its fair share of the queries, and its quota of
/// keys.
package final class ClientAccount {
    /// The user at the other end of the client's Unix socket; nil over TCP, or where nobody asked the kernel.
    package let userID: UInt32?
    /// Where its next key stands among everybody's.
    var share: FairShare
    /// Keys of its loads that still wait for rows.
    package internal(set) var keysOnTheirWay = 0

    package init(userID: UInt32? = nil, share: FairShare = FairShare()) {
        self.userID = userID
        self.share = share
    }

    func requireRoom(forKeys count: Int, limit: Int) throws(Failure) {
        guard keysOnTheirWay + count <= limit else {
            throw Failure(
                .overloaded,
                "\(keysOnTheirWay) keys of this client are waiting, batching.max_client_keys is \(limit); try again"
            )
        }
    }
}
