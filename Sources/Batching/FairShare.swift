/// How far one client is with its fair share: deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) over keys.
///
/// Time passes in rounds. In each round a client has a quantum of keys; what it asks for beyond that stands in the
/// rounds that follow, behind everybody who has asked for less.
package struct FairShare: Sendable {
    /// Keys of one client in one round, for each unit of its weight.
    package static let quantum = 64

    /// Keys of this client in one round.
    private let quantum: Int
    private var round = 0
    private var used = 0

    /// - Parameter weight: how many times as much the client may have as others, when all want more than there is.
    package init(weight: Int = 1) {
        quantum = weight * Self.quantum
    }

    /// The round of the client's next key.
    mutating func next(current: Int) -> Int {
        if round < current { (round, used) = (current, 0) }
        if used == quantum { (round, used) = (round + 1, 0) }
        used += 1
        return round
    }
}
