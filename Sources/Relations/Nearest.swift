/// Known names that a mistyped one was probably meant to be.
package enum Nearest {
    /// At most `limit` of `known`, nearest first and then by name. A name of n characters may differ in a third of
    /// them, and in no more than three, or be the first part of a known one; upper and lower case are one.
    package static func names(to name: String, among known: some Sequence<String>, limit: Int) -> [String] {
        let typed = scalars(name)
        let reach = min(3, max(1, typed.count / 3))
        var near: [(distance: Int, name: String)] = []
        for candidate in known {
            let letters = scalars(candidate)
            if typed.count >= 3, letters.starts(with: typed) {
                near.append((min(reach, letters.count - typed.count), candidate))
            } else if abs(letters.count - typed.count) <= reach, case let distance = distance(typed, letters),
                distance <= reach
            {
                near.append((distance, candidate))
            }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.prefix(limit).map(\.name)
    }

    /// The end of an error message: `; did you mean 'authors.books'?`, or nothing where no name is near.
    package static func hint(to name: String, among known: some Sequence<String>) -> String {
        names(to: name, among: known, limit: 1).first.map { "; did you mean '\($0)'?" } ?? ""
    }

    private static func scalars(_ name: String) -> [Unicode.Scalar] {
        Array(name.lowercased().unicodeScalars)
    }

    /// Damerau–Levenshtein, in the restricted form (no edit between two swapped characters): insertions, deletions,
    /// substitutions and swaps of neighbours cost 1 each.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
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
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
