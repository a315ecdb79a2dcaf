/// Remembers which bytes of an arena belong to which key of a batch.
///
/// Each row is encoded once, into an arena that this type never sees; here are only places in it. Rows of a key
/// that follow one another, which is the rule because queries sort by key, are one segment, so that an waiter's
/// answer is one copy. Whoever fans out walks the waiters and takes each key's segments: a key without rows has
/// none, and nobody is left without an answer.
///
/// A class, because a struct within another class's object is copied, reference counts and all, for every call from
/// another module: that was a tenth of the daemon's reference counting.
package final class Distributor {
    /// Rows of one key, standing one after another with `separator` bytes between them.
    package struct Segment: Hashable, Sendable {
        package var range: Range<Int>
        package var rows: Int
    }

    private struct Link {
        var segment: Segment
        var next: Int?
    }

    private struct Tally {
        var first: Int?
        var last: Int?
        var rows = 0
        var bytes = 0
    }

    private let joinsRows: Bool
    private var tallies: [Tally]
    private var links: [Link] = []
    /// The key of the newest row: the only one whose segment can grow.
    private var current: Int?
    /// - Parameter joinsRows: whether rows of a key that follow one another are one segment; otherwise each is its own.
    package init(keys: Int, joinsRows: Bool = true) {
        self.joinsRows = joinsRows
        tallies = Array(repeating: Tally(), count: keys)
    }

    /// Whether a row of `key`, encoded next, would follow another row of the same key in the arena.
    package func continues(_ key: Int) -> Bool {
        joinsRows && current == key
    }

    /// A row of `key` that was encoded into `range`, which starts where the last row ended; where the key
    /// `continues`, with its separator in front.
    package func add(_ range: Range<Int>, to key: Int) {
        tallies[key].rows += 1
        tallies[key].bytes += range.count
        if continues(key), let last = tallies[key].last {
            links[last].segment.range = links[last].segment.range.lowerBound..<range.upperBound
            links[last].segment.rows += 1
            return
        }
        current = key
        let index = links.count
        links.append(Link(segment: Segment(range: range, rows: 1), next: nil))
        if let last = tallies[key].last { links[last].next = index } else { tallies[key].first = index }
        tallies[key].last = index
    }

    /// A row of `key` that was not kept, because it is not shown.
    package func addUnshown(to key: Int) {
        tallies[key].rows += 1
    }

    /// Forgets all rows.
    package func removeAll() {
        tallies = Array(repeating: Tally(), count: tallies.count)
        links = []
        current = nil
    }

    /// Bytes of memory held for the places of rows.
    package var byteCapacity: Int {
        links.capacity * MemoryLayout<Link>.stride + tallies.capacity * MemoryLayout<Tally>.stride
    }

    package func rows(of key: Int) -> Int { tallies[key].rows }

    package func bytes(of key: Int) -> Int { tallies[key].bytes }

    /// The number of the key's first segment among all segments, for who walks them in his own time.
    package func firstSegment(of key: Int) -> Int? { tallies[key].first }

    package func range(ofSegment number: Int) -> Range<Int> { links[number].segment.range }

    /// The next one of the same key.
    package func segment(after number: Int) -> Int? { links[number].next }

    /// In the order in which the rows came, each with its number among all segments.
    package func forEachSegment(of key: Int, _ body: (Int, Segment) -> Void) {
        var next = tallies[key].first
        while let index = next {
            body(index, links[index].segment)
            next = links[index].next
        }
    }
}
