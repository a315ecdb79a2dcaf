/// Bytes of memory that hold what is on its way: requests, results of queries, and replies that were not sent yet.
package final class MemoryGauge {
    package private(set) var bytes = 0
    /// From there on nothing more is begun, and no reply with rows written.
    package internal(set) var limit: Int

    package init(limit: Int) {
        self.limit = limit
    }

    package var isFull: Bool { bytes > limit }

    /// Whether it has been full since this was last set to false: what finds no room leaves it again at once.
    package var hasBeenFull = false

    /// Replaces what somebody held before by what he holds now.
    package func update(_ held: inout Int, to now: Int) {
        guard now != held else { return }
        bytes += now - held
        held = now
        if isFull { hasBeenFull = true }
    }
}
