/// Writes JSON's structure: objects, lists, members and the commas between them, at the end of a buffer.
///
///     output.beginObject()
///     output.member("id", 7)
///     output.member("tags")
///     output.beginList()
///     output.value("new")
///     output.endList()
///     output.endObject()
///
/// writes `{"id":7,"tags":["new"]}`. Nothing is remembered between two calls, so that a reply can be written
/// in pieces and members can be appended to an object that something else has begun: whether a comma is
/// needed, the last byte in the buffer says, since no complete value ends like the beginning of an object, a
/// list or a member.
extension ByteBuffer {
    /// Writes the comma that the next element or member needs; nothing if it is the first of its object or
    /// list, the value of a member, or the beginning of a line. The functions below do this by themselves; it
    /// is for those who append bytes of their own.
    @inline(__always)
    package mutating func separate() {
        switch lastByte {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: "\n"): break
        default: append(byte: UInt8(ascii: ","))
        }
    }

    /// Writes `{`, as an element of a list, the value of a member, or the beginning of a line.
    package mutating func beginObject() {
        separate()
        append(byte: UInt8(ascii: "{"))
    }

    /// Writes `}`.
    package mutating func endObject() {
        append(byte: UInt8(ascii: "}"))
    }

    /// Writes `[`, as an element of a list or the value of a member.
    package mutating func beginList() {
        separate()
        append(byte: UInt8(ascii: "["))
    }

    /// Writes `]`.
    package mutating func endList() {
        append(byte: UInt8(ascii: "]"))
    }

    /// Writes all elements as a list; `element` writes one value.
    package mutating func list<Element>(
        _ elements: some Sequence<Element>, _ element: (Element, inout ByteBuffer) -> Void
    ) {
        beginList()
        for one in elements { element(one, &self) }
        endList()
    }
}

// MARK: Members

extension ByteBuffer {
    /// Writes `"rows":`, after which the value follows.
    /// - Parameter name: text that JSON needs not escape.
    package mutating func member(_ name: StaticString) {
        separate()
        append(byte: UInt8(ascii: "\""))
        append(name)
        append("\":")
    }

    /// Writes `"authors.books":`, after which the value follows.
    package mutating func member(_ name: String) {
        separate()
        append(jsonString: name)
        append(byte: UInt8(ascii: ":"))
    }

    /// Writes `"12":`, after which the value follows.
    package mutating func member(_ number: Int) {
        separate()
        append(byte: UInt8(ascii: "\""))
        append(decimal: Int64(number))
        append("\":")
    }

    /// Writes `"code":"timeout"`.
    package mutating func member(_ name: StaticString, _ text: String) {
        member(name)
        value(text)
    }

    /// Writes `"protocol":1`.
    package mutating func member(_ name: StaticString, _ number: Int) {
        member(name)
        value(number)
    }

    /// Writes `"retryable":true`.
    package mutating func member(_ name: StaticString, _ flag: Bool) {
        member(name)
        value(flag)
    }
}

// MARK: Values

extension ByteBuffer {
    /// Writes `"Emma"`, as an element of a list or after the name of a member.
    package mutating func value(_ text: String) {
        separate()
        append(jsonString: text)
    }

    /// Writes `42`, as an element of a list or after the name of a member.
    package mutating func value(_ number: Int) {
        separate()
        append(decimal: Int64(number))
    }

    /// Writes `true` or `false`, as an element of a list or after the name of a member.
    package mutating func value(_ flag: Bool) {
        separate()
        append(flag ? "true" : "false")
    }

    /// Writes `null`, as an element of a list or after the name of a member.
    package mutating func null() {
        separate()
        append("null")
    }
}
