/// The options of a load as a client wrote them, not yet checked against a schema.
package struct LoadOptions: Hashable, Sendable {
    /// The columns to show, in this order; nil if the client left that to the relationship.
    package var columns: [String]?
    /// The members of `where`, in the order in which the client wrote them.
    package var filters: [FilterInput] = []
    /// The columns to sort by; nil if the client left that to the relationship.
    package var order: [OrderTerm]?
    /// The greatest number of rows for each key, from 0; nil if all are wanted.
    package var limit: Int?
    /// The number of rows of each key that are left out at the beginning.
    package var offset: Int?
    /// Whether each key's rows are those after a position or before one; nil if they begin at its first row,
    /// or at ``offset``. The positions themselves belong to the keys.
    package var pageDirection: Paging.Direction?
    /// Whether the number of rows is wanted instead of the rows.
    package var isCount = false
    /// The members of `include`, in the order in which the client wrote them and the reply shows them.
    package var includes: [IncludeInput] = []

    package init() {}

    /// Whether nothing is asked for but the relationship's own rows.
    package var isPlain: Bool { self == LoadOptions() }
}

/// One member of `where`.
package struct FilterInput: Hashable, Sendable {
    /// A comparison of the column. `"price":{"gte":10,"lt":20}` has two of them; `"lang":["en","fr"]` and
    /// `"status":"published"` are short for one.
    package struct Comparison: Hashable, Sendable {
        package let `operator`: Relations.Comparison.Operator
        package let operand: Operand

        package init(_ operator: Relations.Comparison.Operator, _ operand: Operand) {
            self.operator = `operator`
            self.operand = operand
        }
    }

    /// What a column is compared with.
    package enum Operand: Hashable, Sendable {
        case value(Literal)
        case list([Literal])
    }

    package let column: String
    package let comparisons: [Comparison]

    package init(column: String, comparisons: [Comparison]) {
        self.column = column
        self.comparisons = comparisons
    }
}

/// One member of `include`: a relationship of the related table, with options of its own.
package struct IncludeInput: Hashable, Sendable {
    /// The relationship's name without its table.
    package let name: String
    package let options: LoadOptions

    package init(name: String, options: LoadOptions) {
        self.name = name
        self.options = options
    }
}

/// The path to a part of a request, as error messages show it: `include.books.where.price`.
package struct RequestPath: Hashable, Sendable {
    package let text: String

    /// The path to the request itself, which messages do not show.
    package static let root = RequestPath(text: "")

    /// Returns the path to a member of the object at this path.
    package func member(_ name: String) -> RequestPath {
        let name = QuotedInput.shortened(name)
        return RequestPath(text: text.isEmpty ? name : text + "." + name)
    }

    /// Returns a failure whose message begins with the path.
    package func failure(_ code: Failure.Code, _ message: String) -> Failure {
        Failure(code, text.isEmpty ? message : "\(text): \(message)")
    }

    /// Returns the same failure with the path before its message.
    package func failure(_ failure: Failure) -> Failure {
        guard !text.isEmpty else { return failure }
        return failure.saying("\(text): \(failure.message)")
    }
}
