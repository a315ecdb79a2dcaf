/// The reply to `stats`: numbers by name, and groups of further numbers or words. What is counted, and what
/// it is called, is the caller's business.
package struct StatsReply {
    /// Numbers by name, in the order in which they are shown.
    package typealias Numbers = [(name: StaticString, value: Int)]

    /// The value of a member of a group.
    package enum Value {
        case number(Int)
        case text(String)
        /// `{"keys_asked":64,"keys_sent":40}`
        case numbers(Numbers)
    }

    /// A member that is an object itself: `"servers":{"db1:3306":"active"}`.
    package struct Group {
        package let name: StaticString
        package let members: [(name: String, value: Value)]

        package init(_ name: StaticString, _ members: [(name: String, value: Value)]) {
            self.name = name
            self.members = members
        }
    }

    private let numbers: Numbers
    private let groups: [Group]

    package init(numbers: Numbers, groups: [Group]) {
        self.numbers = numbers
        self.groups = groups
    }

    // {"id":4,"stats":{"requests":320,…,"servers":{"db1:3306":"active"},…}}
    /// Writes the reply as one line.
    package func write(_ id: RequestID?, to output: inout ByteBuffer) {
        ReplyEncoder.open(id, member: "stats", into: &output)
        output.beginObject()
        Self.write(numbers, to: &output)
        for group in groups {
            output.member(group.name)
            output.beginObject()
            for member in group.members {
                output.member(member.name)
                Self.write(member.value, to: &output)
            }
            output.endObject()
        }
        output.endObject()
        ReplyEncoder.close(into: &output)
    }

    private static func write(_ value: Value, to output: inout ByteBuffer) {
        switch value {
        case .number(let number): output.value(number)
        case .text(let text): output.value(text)
        case .numbers(let numbers):
            output.beginObject()
            write(numbers, to: &output)
            output.endObject()
        }
    }

    private static func write(_ numbers: Numbers, to output: inout ByteBuffer) {
        for (name, value) in numbers { output.member(name, value) }
    }
}
