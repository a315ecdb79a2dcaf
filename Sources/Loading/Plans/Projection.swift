package import Relations
import Wire

/// Which columns of a row one load shows, and which of its columns are keys of the relationships that it
/// includes.
package final class Projection {
    enum Content {
        /// `{"id":7,"title":"Emma"}`
        case columns([Column], RowEncoder)
        /// The number of a key's rows instead of the rows.
        case count
    }

    let content: Content
    /// The columns with the keys of included relationships, whether they are shown or not.
    let includeKeys: [Column]

    init(columns: [Column], includeKeys: [Column], bigIntegersAsStrings: Bool) {
        let formats = columns.map {
            (name: $0.name, format: ValueFormat($0.type, bigIntegersAsStrings: bigIntegersAsStrings))
        }
        content = .columns(columns, RowEncoder(columns: formats))
        self.includeKeys = includeKeys
    }

    private init() {
        content = .count
        includeKeys = []
    }

    static func count() -> Projection { Projection() }

    /// The columns that a query must fetch for it.
    package var fetched: [Column] {
        switch content {
        case .columns(let columns, _): columns + includeKeys
        case .count: []
        }
    }
}
