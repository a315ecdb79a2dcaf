import Relations
import Testing
import Wire

struct ReplyEncoderTests {
    @Test func `a reply is opened, filled and closed`() {
        for (id, start) in [(RequestID(1), "{\"id\":1,"), (nil, "{")] {
            let line = writtenText { buffer in
                ReplyEncoder.open(id, member: "rows", into: &buffer)
                buffer.append("[]")
                ReplyEncoder.close(into: &buffer)
            }
            #expect(line == "\(start)\"rows\":[]}\n")
        }
    }

    @Test func `pong and hello are whole lines`() {
        #expect(writtenText { ReplyEncoder.pong(RequestID(1), into: &$0) } == "{\"id\":1,\"pong\":true}\n")
        func hello(_ source: CatalogSource?) -> String {
            writtenText {
                ReplyEncoder.hello(RequestID(2), server: "kindred 0.1.0", source: source, into: &$0)
            }
        }
        let source = CatalogSource(
            database: "shop", server: "MySQL 9.7.4", serverID: "u1", catalog: Catalog(relationships: []))
        let versions =
            #","schema_version":"\#(source.schemaVersion.hexadecimal)""#
            + #","source_version":"\#(source.version.hexadecimal)"}"#
        let start = [
            #"{"id":2,"server":"kindred 0.1.0","protocol":1,"#,
            #""operations":["ping","hello","describe","stats","cancel"],"#,
            #""members":["id","load","key","keys","parent","parents","timeout_ms","columns","where","order","#,
            #""limit","offset","count","include","after","before","source_version"]"#,
        ].joined()
        #expect(hello(source) == start + versions + "\n")
        #expect(hello(nil) == start + "}\n")
    }

    @Test(arguments: [
        (
            Failure(.unknownRelationship, "no relationship 'a\"b'"),
            #"{"code":"unknown_relationship","message":"no relationship 'a\"b'","retryable":false}"#
        ),
        (
            Failure(.databaseError, "lock wait", mysqlErrno: 1205, passesByItself: true),
            #"{"code":"database_error","message":"lock wait","retryable":true,"mysql_errno":1205}"#
        ),
        (
            Failure(.databaseError, "denied", mysqlErrno: 1142),
            #"{"code":"database_error","message":"denied","retryable":false,"mysql_errno":1142}"#
        ),
        (Failure(.overloaded, "full\n"), #"{"code":"overloaded","message":"full\n","retryable":true}"#),
    ])
    func `an error has a code, a message and whether a retry makes sense`(failure: Failure, expected: String)
    {
        #expect(
            writtenText { ReplyEncoder.failure(RequestID(-7), failure, into: &$0) }
                == "{\"id\":-7,\"error\":\(expected)}\n")
        #expect(writtenText { ReplyEncoder.failure(nil, failure, into: &$0) } == "{\"error\":\(expected)}\n")
    }

    @Test func `the errors of single keys follow the results`() {
        #expect(errors(of: []) == "[]")
        #expect(
            errors(of: [(1, Failure(.badKey, "x"))])
                == #"[],"errors":{"1":{"code":"bad_key","message":"x"}}"#)
        #expect(
            errors(of: [(1, Failure(.badKey, "x")), (12, Failure(.badKey, "y"))])
                == #"[],"errors":{"1":{"code":"bad_key","message":"x"},"12":{"code":"bad_key","message":"y"}}"#
        )
    }

    /// What stands after an empty list of results.
    private func errors(of failures: [(Int, Failure)]) -> String {
        writtenText { buffer in
            buffer.beginList()
            buffer.endList()
            ReplyEncoder.errors(failures, into: &buffer)
        }
    }
}
