package import Relations

/// A line of a client that has been decoded, but not yet compared with the catalog.
package struct Request: Hashable, Sendable {
    /// The client's name for the request; nil if it gave none.
    package let id: RequestID?
    package let operation: Operation

    package init(id: RequestID?, operation: Operation) {
        self.id = id
        self.operation = operation
    }
}

/// What a client asks for.
package enum Operation: Hashable, Sendable {
    case load(Load)
    case ping
    case hello
    /// Describes one relationship, or all of them if none is named.
    case describe(relationship: String?)
    case stats
    /// Gives up the client's own requests with that id.
    case cancel(target: RequestID)
}

/// A request for related rows: `{"id":1,"load":"authors.books","key":42}`.
package struct Load: Hashable, Sendable {
    package let shape: LoadShape
    package let keys: Keys
    /// Where the wanted rows of the keys begin; nil unless the options have a direction of pages.
    package let positions: PositionInput?
    /// The time that the client waits at most, from 1 to 2^31 − 1 milliseconds; nil if it did not say so.
    package let timeoutMilliseconds: Int?

    package init(
        _ shape: LoadShape, keys: Keys, positions: PositionInput? = nil, timeoutMilliseconds: Int? = nil
    ) {
        self.shape = shape
        self.keys = keys
        self.positions = positions
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

/// What all loads of one place in a program have in common: everything but their ids, keys, positions and
/// time-outs.
package final class LoadShape: Sendable {
    package let relationship: String
    /// Whether the keys are values of the parent's primary key: `"parent":7`.
    package let isByParent: Bool
    /// Nil if the load has none.
    package let options: LoadOptions?
    /// The source that the rows must come from; nil if whichever there is will do.
    package let sourceVersion: Fingerprint?
    /// Its place among the shapes that have come more than once, from 0, for whoever keeps something for each
    /// of them; another shape may have the same later. Nil if it is not known to come again.
    package let number: Int?

    package init(
        relationship: String, isByParent: Bool = false, options: LoadOptions? = nil,
        sourceVersion: Fingerprint? = nil, number: Int? = nil
    ) {
        self.relationship = relationship
        self.isByParent = isByParent
        self.options = options
        self.sourceVersion = sourceVersion
        self.number = number
    }

    func numbered(_ number: Int) -> LoadShape {
        LoadShape(
            relationship: relationship, isByParent: isByParent, options: options,
            sourceVersion: sourceVersion, number: number)
    }
}

extension LoadShape: Hashable {
    /// Two are equal if they ask for the same, whatever their numbers are.
    package static func == (left: LoadShape, right: LoadShape) -> Bool {
        left === right
            || left.relationship == right.relationship && left.isByParent == right.isByParent
                && left.options == right.options && left.sourceVersion == right.sourceVersion
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(relationship)
        hasher.combine(isByParent)
        hasher.combine(options)
        hasher.combine(sourceVersion)
    }
}

/// The keys of a load.
package enum Keys: Hashable, Sendable {
    /// One key, whose reply is its rows: `"key":42`.
    case one(KeyInput)
    /// A list, whose reply is a list of rows for each key: `"keys":[42,43]`.
    case many([KeyInput])

    package var isList: Bool { if case .many = self { true } else { false } }
}

/// A client's name for its request: a JSON token that the reply repeats as it was sent.
package struct RequestID: Hashable, Sendable {
    /// The token. Integers, which nearly all clients send, are kept as such, since they need no memory of
    /// their own.
    private enum Token: Hashable, Sendable {
        case integer(Int64)
        /// A string with its quotes and escapes, an integer above `Int64.max`, or `-0`.
        case text([UInt8])
    }

    private let token: Token

    package init(_ value: Int64) {
        token = .integer(value)
    }

    /// - Parameter text: the JSON of an integer or a string.
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

/// The reason why a line is no request. The id is there if the line was an object with a valid one, wherever
/// in it.
package struct Rejection: Error, Hashable, Sendable {
    package let id: RequestID?
    package let failure: Failure

    package init(id: RequestID?, failure: Failure) {
        self.id = id
        self.failure = failure
    }
}
