import Testing
import Wire

struct StatsReplyTests {
    @Test func `numbers come first, then groups, which may be empty`() {
        let reply = StatsReply(
            numbers: [("requests", 3), ("replies", -1)],
            groups: [
                .init("servers", [("db1:3306", .text("active")), ("db\"2", .text("down"))]),
                .init("errors_by_code", []),
                .init("batch_sizes", [("1", .number(17))]),
                .init("by_relationship", [("a.b", .numbers([("rows", 5), ("queries", 2)]))]),
            ])
        #expect(
            writtenText { reply.write(RequestID(4), to: &$0) }
                == #"{"id":4,"stats":{"requests":3,"replies":-1,"servers":{"db1:3306":"active","db\"2":"down"},"#
                + #""errors_by_code":{},"batch_sizes":{"1":17},"by_relationship":{"a.b":{"rows":5,"queries":2}}}}"#
                + "\n")
    }

    @Test func `a reply without anything is an object all the same`() {
        let reply = StatsReply(numbers: [], groups: [])
        #expect(writtenText { reply.write(nil, to: &$0) } == "{\"stats\":{}}\n")
    }
}
