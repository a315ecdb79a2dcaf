/// Names that are one for Unicode and two for the server, as `é` written with one character and with two
/// (https://unicode.org/reports/tr15/). Nobody could say in a request which is meant.
struct AmbiguousNames {
    private let names: Set<[String]>

    /// - Parameter names: of tables, `["books"]`, and of columns, `["books", "id"]`; any number of times each.
    init(among names: [[String]]) {
        var spellings: [[String]: [[UInt8]]] = [:]
        var found: Set<[String]> = []
        for name in names {
            let spelling = name.map { Array($0.utf8) }
            if spellings.updateValue(spelling, forKey: name).map({ $0 != spelling }) == true {
                found.insert(name)
            }
        }
        self.names = found
    }

    func contains(table: String, column: String) -> Bool {
        names.contains([table]) || names.contains([table, column])
    }

    /// `a name that can be written in several ways is left out: 'books.é'`, if there are any.
    var warning: String? {
        guard !names.isEmpty else { return nil }
        let list = names.map { "'\($0.joined(separator: "."))'" }.sorted().joined(separator: ", ")
        return "left out, because several are one name in different Unicode normalizations: \(list)"
    }
}
