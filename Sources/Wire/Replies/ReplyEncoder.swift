package import Relations

/// Writes reply lines. A line is either one of the whole lines below, or what ``open(_:member:into:)``
/// begins, the caller continues and ``close(into:)`` ends.
package enum ReplyEncoder {
    /// Writes `{"id":1,"rows":`, or `{"rows":` for a request without id. The member's value follows.
    package static func open(_ id: RequestID?, member: StaticString, into buffer: inout ByteBuffer) {
        if let id {
            buffer.append("{\"id\":")
            id.write(into: &buffer)
        } else {
            buffer.append(byte: UInt8(ascii: "{"))
        }
        buffer.member(member)
    }

    /// Writes `}` and the line's end.
    package static func close(into buffer: inout ByteBuffer) {
        buffer.append("}\n")
    }

    /// Writes `{"id":1,"pong":true}`.
    package static func pong(_ id: RequestID?, into buffer: inout ByteBuffer) {
        open(id, member: "pong", into: &buffer)
        buffer.value(true)
        close(into: &buffer)
    }

    // {"id":2,"server":"kindred 0.1.0","protocol":1,"operations":["ping",…],"members":["id","load",…],
    //  "schema_version":"0123456789abcdef","source_version":"…"}
    /// Writes the reply to `hello`.
    /// - Parameter source: where the catalog comes from; nil as long as there is no catalog.
    package static func hello(
        _ id: RequestID?, server: String, source: CatalogSource?, into buffer: inout ByteBuffer
    ) {
        open(id, member: "server", into: &buffer)
        buffer.value(server)
        buffer.member("protocol", 1)
        buffer.member("operations")
        buffer.list(OperationName.allCases) { name, buffer in buffer.value(name.rawValue) }
        buffer.member("members")
        buffer.list(Member.ofLoad) { member, buffer in buffer.value("\(member.name)") }
        if let source {
            buffer.member("schema_version", source.schemaVersion.hexadecimal)
            buffer.member("source_version", source.version.hexadecimal)
        }
        close(into: &buffer)
    }

    /// Writes `{"id":6,"cancelled":true}`.
    package static func cancelled(_ id: RequestID?, _ found: Bool, into buffer: inout ByteBuffer) {
        open(id, member: "cancelled", into: &buffer)
        buffer.value(found)
        close(into: &buffer)
    }

    /// Writes `{"id":1,"error":{"code":"timeout","message":"…","retryable":true}}`, with `"mysql_errno":1205`
    /// in the error if it is the database's.
    package static func failure(_ id: RequestID?, _ failure: Failure, into buffer: inout ByteBuffer) {
        open(id, member: "error", into: &buffer)
        beginError(failure, into: &buffer)
        buffer.member("retryable", failure.retryable)
        if let errno = failure.mysqlErrno { buffer.member("mysql_errno", Int(errno)) }
        buffer.endObject()
        close(into: &buffer)
    }

    /// Writes `"errors":{"1":{"code":"bad_key","message":"…"}}` as the next member of a reply; nothing if no
    /// key failed.
    package static func errors(
        _ failures: some Sequence<(index: Int, failure: Failure)>, into buffer: inout ByteBuffer
    ) {
        var hasBegun = false
        for (index, failure) in failures {
            if !hasBegun {
                buffer.member("errors")
                buffer.beginObject()
                hasBegun = true
            }
            buffer.member(index)
            beginError(failure, into: &buffer)
            buffer.endObject()
        }
        if hasBegun { buffer.endObject() }
    }

    /// Writes `"more":true` as the next member of a reply: whether there are further rows in the direction
    /// in which the page was asked for.
    package static func more(_ hasMore: Bool, into buffer: inout ByteBuffer) {
        buffer.member("more", hasMore)
    }

    /// Writes `"more":[true,false,null]` as the next member of a reply with a list of keys; nil is written
    /// for a key that cannot be used.
    package static func more(_ haveMore: some Sequence<Bool?>, into buffer: inout ByteBuffer) {
        buffer.member("more")
        buffer.beginList()
        for hasMore in haveMore {
            if let hasMore { buffer.value(hasMore) } else { buffer.null() }
        }
        buffer.endList()
    }

    /// Writes `{"code":"bad_key","message":"…"` and leaves the object open.
    private static func beginError(_ failure: Failure, into buffer: inout ByteBuffer) {
        buffer.beginObject()
        buffer.member("code", failure.code.rawValue)
        buffer.member("message", failure.message)
    }
}
