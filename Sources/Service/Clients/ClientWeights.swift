import Batching
import Configuration
import Loading
import Reactor

/// How large a share of the queries clients have, by the user at the other end of their Unix socket.
struct ClientWeights {
    private let byUser: [UInt32: Int]

    /// Looks the users up, which may wait for the machine's directory service.
    init(_ settings: Settings) {
        let known = settings.batching.clientWeights.compactMap { name, weight in
            Accounts.userID(of: name).map { ($0, weight) }
        }
        byUser = Dictionary(known, uniquingKeysWith: max)
    }

    /// The account of a client that has just connected.
    func account(of socket: Socket) -> ClientAccount {
        guard !byUser.isEmpty, let user = socket.peerUserID else { return ClientAccount() }
        return ClientAccount(userID: user, share: FairShare(weight: byUser[user] ?? 1))
    }
}
