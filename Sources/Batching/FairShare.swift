/// What one client has used of its fair share: deficit round robin (Shreedhar and Varghese, SIGCOMM 1995)
/// over keys.
///
/// Time passes in rounds. In each round a client has a quantum of keys; the keys that it asks for beyond that
/// stand in the following rounds, behind those of all clients that have asked for less.
package struct FairShare: Sendable {
    /// The number of keys of a client in one round, for each unit of its weight.
    package static let quantum = 64

    /// The number of keys of this client in one round.
    private let quantum: Int
    /// The round of the client's last key.
    private var round = 0
    /// The number of keys in that round.
    private var used = 0

    /// - Parameter weight: how many times as many keys as a client of weight 1 this one may have when all
    ///   clients want more than there is.
    package init(weight: Int = 1) {
        quantum = weight * Self.quantum
    }

    /// Counts one more key of the client.
    /// - Parameter current: the round of the keys that were sent last.
    /// - Returns: the round in which the key stands.
    mutating func next(current: Int) -> Int {
        if round < current { (round, used) = (current, 0) }
        if used == quantum { (round, used) = (round + 1, 0) }
        used += 1
        return round
    }
}
