package import Relations
import Wire

/// What one load shows of a row, and which of its values lead on to the rows that it includes.
package final class Projection {
    enum Content {
        /// `{"id":7,"title":"Emma"}`
        case columns([Column], RowEncoder)
        /// The number of a key's rows instead of the rows.
        case count
    }

    let content: Content
    /// Key columns of included relationships, shown or not.
    let links: [Column]

    init(columns: [Column], links: [Column], bigIntegersAsStrings: Bool) {
        let formats = columns.map {
            (name: $0.name, format: ValueFormat($0.type, bigIntegersAsStrings: bigIntegersAsStrings))
        }
        content = .columns(columns, RowEncoder(columns: formats))
        self.links = links
    }

    private init() {
        content = .count
        links = []
    }

    static func count() -> Projection { Projection() }

    /// The columns that a query must fetch for it.
    package var fetched: [Column] {
        switch content {
        case .columns(let columns, _): columns + links
        case .count: []
        }
    }
}
