import Batching
import Configuration
import Reactor

/// How large a share clients have, by the user at the other end of their Unix socket.
struct ClientWeights {
    private let byUser: [UInt32: Int]

    /// Looks the users up, which may wait for the machine's directory service.
    init(_ settings: Settings) {
        let known = settings.batching.clientWeights.compactMap { name, weight in
            Accounts.userID(of: name).map { ($0, weight) }
        }
        byUser = Dictionary(known, uniquingKeysWith: max)
    }

    func share(of socket: Socket) -> FairShare {
        guard !byUser.isEmpty, let user = socket.peerUserID else { return FairShare() }
        return FairShare(weight: byUser[user] ?? 1)
    }
}
