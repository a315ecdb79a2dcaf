/// Finds the known names that a mistyped one was probably meant to be.
package enum Suggestion {
    /// Returns at most `limit` of the known names, the nearest first and equally near ones by name. A name of
    /// n characters may differ from a known one in a third of them, but in no more than three, or be the
    /// beginning of it. Upper and lower case do not differ.
    package static func names(to name: String, among known: some Sequence<String>, limit: Int) -> [String] {
        names(to: name, among: known.lazy.map(Spelling.init), limit: limit)
    }

    /// A known name that has been prepared to be compared with many mistyped ones.
    package struct Spelling: Hashable, Sendable {
        fileprivate let name: String
        fileprivate let letters: [Unicode.Scalar]

        package init(_ name: String) {
            self.name = name
            letters = Array(name.lowercased().unicodeScalars)
        }
    }

    /// Returns what ``names(to:among:limit:)-swift.method`` does, for names that are searched again and
    /// again.
    package static func names(to name: String, among known: some Sequence<Spelling>, limit: Int) -> [String] {
        let typed = Spelling(name).letters
        let reach = min(3, max(1, typed.count / 3))
        var near: [(distance: Int, name: String)] = []
        for candidate in known {
            let letters = candidate.letters
            if typed.count >= 3, letters.starts(with: typed) {
                near.append((min(reach, letters.count - typed.count), candidate.name))
            } else if abs(letters.count - typed.count) <= reach,
                let distance = distance(typed, letters, atMost: reach)
            {
                near.append((distance, candidate.name))
            }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.prefix(limit).map(\.name)
    }

    /// Returns the end of an error message, `; did you mean 'authors.books'?`; empty if no name is near.
    package static func hint(to name: String, among known: some Sequence<String>) -> String {
        names(to: name, among: known, limit: 1).first.map { "; did you mean '\($0)'?" } ?? ""
    }

    /// The distance of Damerau and Levenshtein in its restricted form (no edit between two swapped
    /// characters): insertions, deletions, substitutions and swaps of neighbours cost 1 each.
    /// - Returns: nil if the distance is greater than `limit`.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], atMost limit: Int) -> Int? {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            // No row has a value below the least of the two rows before it.
            if let nearest = row.min(), nearest > limit, last.min() ?? 0 > limit { return nil }
            (beforeLast, last) = (last, row)
        }
        return last[b.count] <= limit ? last[b.count] : nil
    }
}
