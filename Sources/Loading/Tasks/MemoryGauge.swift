/// Bytes of memory that hold what is on its way: requests, results of queries, and replies that were not sent
/// yet.
package final class MemoryGauge {
    package private(set) var bytes = 0
    /// Bytes beyond which nothing more is begun, and no reply with rows is written.
    package internal(set) var limit: Int

    package init(limit: Int) {
        self.limit = limit
    }

    package var isFull: Bool { bytes > limit }

    /// Whether somebody has asked for more while it was full, since this was last set to false. What finds no
    /// room gives back at once what it took, so that ``isFull`` alone would not show it.
    package var hasLackedRoom = false

    /// Changes how many bytes one holder counts as in use.
    /// - Parameters:
    ///   - held: what the holder has counted so far, from 0 at its beginning to 0 at its end.
    ///   - new: what it counts from now on.
    package func update(_ held: inout Int, to new: Int) {
        guard new != held else { return }
        bytes += new - held
        if new > held, isFull { hasLackedRoom = true }
        held = new
    }
}
