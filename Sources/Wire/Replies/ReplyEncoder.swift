package import Relations

/// Writes reply lines. Every line is `open…`, what the caller puts into it, and `close`; or one of the whole lines.
package enum ReplyEncoder {
    /// `{"id":1,"rows":`, or `{"rows":` for a request without id; the value and ``close(into:)`` follow.
    package static func open(_ id: RequestID?, member: StaticString, into buffer: inout ByteBuffer) {
        if let id {
            buffer.append("{\"id\":")
            id.write(into: &buffer)
            buffer.append(",\"")
        } else {
            buffer.append("{\"")
        }
        buffer.append(member)
        buffer.append("\":")
    }

    /// `}` and the line's end.
    package static func close(into buffer: inout ByteBuffer) {
        buffer.append("}\n")
    }

    /// `{"id":1,"pong":true}`
    package static func pong(_ id: RequestID?, into buffer: inout ByteBuffer) {
        open(id, member: "pong", into: &buffer)
        buffer.append("true")
        close(into: &buffer)
    }

    /// `{"id":2,"server":"kindred 0.1.0","protocol":1}`
    package static func hello(_ id: RequestID?, server: String, into buffer: inout ByteBuffer) {
        open(id, member: "server", into: &buffer)
        buffer.append(jsonString: server)
        buffer.append(",\"protocol\":1")
        close(into: &buffer)
    }

    /// `{"id":6,"cancelled":true}`
    package static func cancelled(_ id: RequestID?, _ found: Bool, into buffer: inout ByteBuffer) {
        open(id, member: "cancelled", into: &buffer)
        buffer.append(found ? "true" : "false")
        close(into: &buffer)
    }

    /// `{"id":1,"error":{"code":"timeout","message":"…","retryable":true}}`, from the database also
    /// `"mysql_errno":1205`.
    package static func failure(_ id: RequestID?, _ failure: Failure, into buffer: inout ByteBuffer) {
        open(id, member: "error", into: &buffer)
        codeAndMessage(failure, into: &buffer)
        buffer.append(failure.retryable ? ",\"retryable\":true" : ",\"retryable\":false")
        if let errno = failure.mysqlErrno {
            buffer.append(",\"mysql_errno\":")
            buffer.append(decimal: UInt64(errno))
        }
        buffer.append("}")
        close(into: &buffer)
    }

    /// `,"errors":{"1":{"code":"bad_key","message":"…"}}`, behind the value of `results`; nothing if no key failed.
    package static func errors(
        _ failures: some Sequence<(index: Int, failure: Failure)>, into buffer: inout ByteBuffer
    ) {
        var isFirst = true
        for (index, failure) in failures {
            buffer.append(isFirst ? ",\"errors\":{\"" : ",\"")
            buffer.append(decimal: Int64(index))
            buffer.append("\":")
            codeAndMessage(failure, into: &buffer)
            buffer.append("}")
            isFirst = false
        }
        if !isFirst { buffer.append("}") }
    }

    /// `{"code":"bad_key","message":"…"`, still open.
    private static func codeAndMessage(_ failure: Failure, into buffer: inout ByteBuffer) {
        buffer.append("{\"code\":")
        buffer.append(jsonString: failure.code.rawValue)
        buffer.append(",\"message\":")
        buffer.append(jsonString: failure.message)
    }
}
