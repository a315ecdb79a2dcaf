/// The options of a load as a client wrote them, before any schema has judged them.
package struct LoadOptions: Hashable, Sendable {
    package var columns: [String]?
    /// In the order in which the client wrote them.
    package var filters: [FilterInput] = []
    package var order: [OrderTerm]?
    package var limit: Int?
    package var offset: Int?
    package var isCount = false
    /// In the order in which the client wrote them, which is that of the reply.
    package var includes: [IncludeInput] = []

    package init() {}

    /// Nothing is asked for beyond the relationship's own rows.
    package var isPlain: Bool { self == LoadOptions() }
}

/// One member of `where`.
package struct FilterInput: Hashable, Sendable {
    /// `"price":{"gte":10,"lt":20}` has two; `"lang":["en","fr"]` and `"status":"published"` are short for one.
    package struct Comparison: Hashable, Sendable {
        package let `operator`: Relations.Comparison.Operator
        package let operand: Operand

        package init(_ operator: Relations.Comparison.Operator, _ operand: Operand) {
            self.operator = `operator`
            self.operand = operand
        }
    }

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

/// One member of `include`: a relationship of the related table, by its name without the table.
package struct IncludeInput: Hashable, Sendable {
    package let name: String
    package let options: LoadOptions

    package init(name: String, options: LoadOptions) {
        self.name = name
        self.options = options
    }
}

/// Where in a request something stands: `include.books.where.price`.
package struct RequestPath: Hashable, Sendable {
    package let text: String

    /// The request itself.
    package static let root = RequestPath(text: "")

    package func member(_ name: String) -> RequestPath {
        let name = QuotedInput.shortened(name)
        return RequestPath(text: text.isEmpty ? name : text + "." + name)
    }

    package func failure(_ code: Failure.Code, _ message: String) -> Failure {
        Failure(code, text.isEmpty ? message : "\(text): \(message)")
    }

    /// The same failure, with the place in the request.
    package func failure(_ failure: Failure) -> Failure {
        guard !text.isEmpty else { return failure }
        return failure.saying("\(text): \(failure.message)")
    }
}
