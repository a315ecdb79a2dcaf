/// Bytes of memory that hold what is on its way: requests, results of queries, and replies that were not sent
/// yet.
package final class MemoryGauge {
    package private(set) var bytes = 0
    /// Bytes from which on nothing more is begun, and no reply with rows is written.
    package internal(set) var limit: Int

    package init(limit: Int) {
        self.limit = limit
    }

    package var isFull: Bool { bytes > limit }

    /// Whether somebody has asked for more while it was full, since this was last set to false. What finds no
    /// room gives back at once what it took, so that ``isFull`` alone would not show it.
    package var hasLackedRoom = false

    /// Replaces what somebody held before by what it holds now.
    /// - Parameter held: bytes of one holder, which must end at 0.
    package func update(_ held: inout Int, to now: Int) {
        guard now != held else { return }
        bytes += now - held
        if now > held, isFull { hasLackedRoom = true }
        held = now
    }
}
