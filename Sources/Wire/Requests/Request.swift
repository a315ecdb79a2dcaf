package import Relations

/// One line of a client, understood but not yet compared with the catalog.
package struct Request: Hashable, Sendable {
    package let id: RequestID?
    package let operation: Operation

    package init(id: RequestID?, operation: Operation) {
        self.id = id
        self.operation = operation
    }
}

package enum Operation: Hashable, Sendable {
    case load(Load)
    case ping
    case hello
    case describe(relationship: String?)
    case stats
    /// Gives up the client's own requests of that id.
    case cancel(target: RequestID)
}

/// `{"id":1,"load":"authors.books","key":42}`
package struct Load: Hashable, Sendable {
    package let relationship: String
    package let keys: Keys
    /// Whether the keys are those of the parent's primary key: `"parent":7`.
    package let isByParent: Bool
    private let given: GivenOptions
    /// 1 … 2^31 − 1.
    package let timeoutMilliseconds: Int?

    package init(
        relationship: String, keys: Keys, isByParent: Bool = false, options: LoadOptions? = nil,
        timeoutMilliseconds: Int? = nil
    ) {
        self.relationship = relationship
        self.keys = keys
        self.isByParent = isByParent
        given = options.map { .some($0) } ?? .none
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

extension Load {
    /// Nil for a load without any.
    package var options: LoadOptions? {
        if case .some(let options) = given { options } else { nil }
    }
}

/// Apart from the load, which most often has none: its copies would else be several times as dear.
private enum GivenOptions: Hashable, Sendable {
    case none
    indirect case some(LoadOptions)
}

package enum Keys: Hashable, Sendable {
    /// `"key":42`
    case one(KeyInput)
    /// `"keys":[42,43]`
    case many([KeyInput])

    package var isList: Bool { if case .many = self { true } else { false } }
}

/// A client's name for its request: a JSON token that is echoed as it was sent.
package struct RequestID: Hashable, Sendable {
    /// Integers are kept as such: they are what nearly every client sends, and need no memory of their own.
    private enum Token: Hashable, Sendable {
        case integer(Int64)
        /// Strings with their quotes and escapes, integers above `Int64.max`, and `-0`.
        case text([UInt8])
    }

    private let token: Token

    package init(_ value: Int64) {
        token = .integer(value)
    }

    /// - Parameter text: an integer or a string in JSON.
    init(text: UnsafeRawBufferPointer) {
        token = .text(Array(text))
    }

    func write(into buffer: inout ByteBuffer) {
        switch token {
        case .integer(let value): buffer.append(decimal: value)
        case .text(let bytes): buffer.append(bytes)
        }
    }
}

/// Why a line is no request. The id is there if the line was an object with a good one, wherever in it.
package struct Rejection: Error, Hashable, Sendable {
    package let id: RequestID?
    package let failure: Failure

    package init(id: RequestID?, failure: Failure) {
        self.id = id
        self.failure = failure
    }
}
