/// Says which bytes of an arena belong to which key of a batch: the segments of the arena that have a key's
/// rows.
///
/// Each row is encoded once, into an arena that this type never sees; it only knows ranges of the arena. Rows
/// of a key that follow one another form one segment, so that a waiter's answer is one copy as a rule,
/// because queries sort by key. Delivery goes through the waiters and looks their keys up here: a key without
/// rows has no segment, and no waiter is left without an answer.
///
/// It is a class because a struct within an object is copied, with all its reference counting, for every call
/// from another module; that was a tenth of the daemon's reference counting.
package final class RowSegments {
    /// Rows of one key that stand one after another in the arena, with separators between them.
    package struct Segment: Hashable, Sendable {
        /// The bytes of the arena.
        package var range: Range<Int>
        /// The number of rows.
        package var rows: Int

        fileprivate mutating func extend(to end: Int) {
            range = range.lowerBound..<end
            rows += 1
        }
    }

    private struct Link {
        var segment: Segment
        var next: Int?
    }

    /// A key's first and last segment, and its sums.
    private struct Tally {
        var first: Int?
        var last: Int?
        var rows = 0
        var bytes = 0

        mutating func add(bytes: Int) {
            rows += 1
            self.bytes += bytes
        }
    }

    private let joinsRows: Bool
    private let isReversed: Bool
    private var tallies: [Tally] = []
    private var links: [Link] = []
    /// The key of the newest row, the only one whose segment can grow.
    private var current: Int?

    /// - Parameters:
    ///   - keys: the number of keys in the batch.
    ///   - joinsRows: whether rows of a key that follow one another form one segment; otherwise each row is a
    ///     segment.
    ///   - isReversed: whether the rows of each key come in the opposite order, the last one first. Each row
    ///     is a segment then.
    package init(keys: Int, joinsRows: Bool = true, isReversed: Bool = false) {
        self.joinsRows = joinsRows && !isReversed
        self.isReversed = isReversed
        // `Array(repeating:count:)` looks its type up at run time, which takes as long as all else here.
        tallies.reserveCapacity(keys)
        for _ in 0..<keys { tallies.append(Tally()) }
    }

    /// Whether the next row, if it is one of this key, joins the segment of the row before it, so that a
    /// separator must stand between them.
    /// - Parameter keyIndex: the key's index in the batch, as in the other functions.
    package func continues(_ keyIndex: Int) -> Bool {
        joinsRows && current == keyIndex
    }

    /// Adds a row of the key.
    /// - Parameter range: the bytes of the row, from where the row before ended. If the key
    ///   ``continues(_:)``, they begin with the separator.
    package func add(_ range: Range<Int>, to keyIndex: Int) {
        tallies[keyIndex].add(bytes: range.count)
        if continues(keyIndex) {
            // The segment that can grow is the newest of all.
            return links[links.count - 1].segment.extend(to: range.upperBound)
        }
        current = keyIndex
        append(Segment(range: range, rows: 1), to: keyIndex)
    }

    private func append(_ segment: Segment, to keyIndex: Int) {
        let index = links.count
        links.append(Link(segment: segment, next: isReversed ? tallies[keyIndex].first : nil))
        if isReversed || tallies[keyIndex].first == nil { tallies[keyIndex].first = index }
        if isReversed { return }
        if let last = tallies[keyIndex].last { links[last].next = index }
        tallies[keyIndex].last = index
    }

    /// Counts a row of the key that is not in the arena, because it is not shown.
    package func addUnshown(to keyIndex: Int) {
        tallies[keyIndex].rows += 1
    }

    /// Removes all rows.
    package func removeAll() {
        tallies = Array(repeating: Tally(), count: tallies.count)
        links = []
        current = nil
    }

    /// The bytes of memory that are held, not counting the arena.
    package var byteCapacity: Int {
        links.capacity * MemoryLayout<Link>.stride + tallies.capacity * MemoryLayout<Tally>.stride
    }

    /// The number of the key's rows, shown or not.
    package func rows(of keyIndex: Int) -> Int { tallies[keyIndex].rows }

    /// The number of bytes that the key's rows take in the arena.
    package func bytes(of keyIndex: Int) -> Int { tallies[keyIndex].bytes }

    /// The number of the key's first segment among all segments, for callers that go through them in several
    /// steps; nil if the key has none.
    package func firstSegment(of keyIndex: Int) -> Int? { tallies[keyIndex].first }

    /// The bytes of a segment in the arena.
    package func range(ofSegment number: Int) -> Range<Int> { links[number].segment.range }

    /// The number of the next segment of the same key; nil after the last.
    package func segment(after number: Int) -> Int? { links[number].next }

    /// Calls `body` with each segment of the key, in the order of its rows, and with the segment's
    /// number among all segments.
    package func forEachSegment(of keyIndex: Int, _ body: (Int, Segment) -> Void) {
        var next = tallies[keyIndex].first
        while let index = next {
            body(index, links[index].segment)
            next = links[index].next
        }
    }
}
