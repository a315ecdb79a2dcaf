package import Batching
import Relations

/// The account of one client: its user, its fair share of the queries, and how much of its quota of keys is
/// in use.
package final class ClientAccount {
    /// The user at the other end of the client's Unix socket; nil over TCP, and where no client
    /// has a weight, so that the kernel was not asked.
    package let userID: UInt32?
    /// The client's fair share, which says where its next key stands among everybody's.
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
