import Relations
import TestSupport
import Testing
import Wire

/// Decodes the options of a load.
@Suite struct OptionsDecoderTests {
    private func options(_ members: String) throws -> LoadOptions {
        let line = "{\"load\":\"a.b\",\"key\":1,\(members)}"
        guard case .load(let load)? = decode(line).request?.operation else {
            throw decode(line).failure ?? Rejection(id: nil, failure: Failure(.badRequest, "no load"))
        }
        return try #require(load.shape.options)
    }

    private func message(_ members: String) -> String? {
        decode("{\"load\":\"a.b\",\"key\":1,\(members)}").failure?.failure.message
    }

    @Test func `a load without options has none`() {
        guard case .load(let load)? = decode(#"{"load":"a.b","key":1}"#).request?.operation else {
            Issue.record("no load")
            return
        }
        #expect(load.shape.options == nil && !load.shape.isByParent)
    }

    @Test func `columns, order, limit, offset and count are decoded`() throws {
        let found = try options(
            #""columns":["id","t\u0069tle"],"order":["-sold","id",{"column":"-odd","desc":true},{"column":"x"}],"limit":3,"offset":0,"count":false"#
        )
        #expect(found.columns == ["id", "title"])
        #expect(
            found.order == [
                OrderTerm(column: "sold", descending: true), OrderTerm(column: "id"),
                OrderTerm(column: "-odd", descending: true), OrderTerm(column: "x"),
            ])
        #expect(found.limit == 3 && found.offset == 0 && !found.isCount)
        #expect(try options(#""count":true"#).isCount)
    }

    @Test func `filters are decoded in all their forms`() throws {
        let found = try options(
            #""where":{"status":"published","price":{"gte":10,"lt":20.50},"lang":["en",null],"deleted_at":null,"x":{}}"#
        )
        #expect(
            found.filters == [
                FilterInput(
                    column: "status", comparisons: [.init(.eq, .value(.string(Array("published".utf8))))]),
                FilterInput(
                    column: "price",
                    comparisons: [
                        .init(.gte, .value(.integer(10))), .init(.lt, .value(.number(Array("20.50".utf8)))),
                    ]),
                FilterInput(
                    column: "lang", comparisons: [.init(.in, .list([.string(Array("en".utf8)), .null]))]),
                FilterInput(column: "deleted_at", comparisons: [.init(.eq, .value(.null))]),
                FilterInput(column: "x", comparisons: []),
            ])
    }

    @Test func `includes nest and keep the order in which they were written`() throws {
        let found = try options(#""include":{"tags":{},"reviews":{"limit":2,"include":{"reviewer":{}}}}"#)
        #expect(found.includes.map(\.name) == ["tags", "reviews"])
        #expect(found.includes[1].options.limit == 2)
        #expect(found.includes[1].options.includes.map(\.name) == ["reviewer"])
    }

    @Test func `parent and parents are accepted in place of key and keys`() {
        for (member, isList) in [("\"parent\":7", false), ("\"parents\":[7,8]", true)] {
            guard case .load(let load)? = decode("{\"load\":\"a.b\",\(member)}").request?.operation else {
                Issue.record("no load")
                return
            }
            #expect(load.shape.isByParent && load.keys.isList == isList)
        }
    }

    @Test(arguments: [
        (#""limit":-1"#, "limit: must be an integer from 0 to 2147483647, not -1"),
        (#""limit":1.5"#, "limit: must be an integer from 0 to 2147483647, not '1.5'"),
        (#""offset":null"#, "offset: must be an integer from 0 to 2147483647, not null"),
        (#""count":1"#, "count: must be true or false, not a number"),
        (#""columns":"id""#, "columns: must be a list of column names, not a string"),
        (#""columns":[1]"#, "columns: must be a list of column names, not a number within a list"),
        (
            #""order":{}"#,
            "order: must be a list of column names, or of {\"column\":…,\"desc\":…}, not an object"
        ),
        (#""order":[{"desc":true}]"#, "order: member 'column' is missing in {\"column\":…,\"desc\":true}"),
        (
            #""order":[{"column":"a","dsc":true}]"#,
            "order: 'dsc' is unknown or of the wrong kind: write {\"column\":…,\"desc\":true}"
        ),
        (#""where":[]"#, "where: must be an object, not a list"),
        (
            #""where":{"price":{"gtee":1}}"#,
            "where.price.gtee: unknown operator; the operators are eq, ne, lt, lte, gt, gte, in, like; did you mean 'gte'?"
        ),
        (
            #""where":{"price":[[1]]}"#,
            "where.price: must be a value or a list of values, not a list within a list"
        ),
        (#""include":{"books":1}"#, "include.books: must be an object of options, not a number"),
        (#""include":{"books":{"wher":{}}}"#, "include.books.wher: unknown member; did you mean 'where'?"),
        (#""include":{"books":{"key":1}}"#, "include.books.key: belongs to the whole request"),
        (#""include":{"books":{"timeout_ms":1}}"#, "include.books.timeout_ms: belongs to the whole request"),
        (
            #""include":{"a":{"include":{"b":{"where":{"c":{"in":{}}}}}}}"#,
            "include.a.include.b.where.c.in: must be a value or a list of values, not an object"
        ),
    ])
    func `an error names the path to the mistake`(members: String, expected: String) {
        #expect(message(members) == expected)
    }

    @Test func `includes nest as deep as the limit allows`() {
        func nested(_ depth: Int) -> String {
            (0..<depth).reduce("{}") { inner, _ in "{\"include\":{\"a\":\(inner)}}" }
        }
        let deepest = nested(8).dropFirst().dropLast()
        #expect(decode("{\"load\":\"a.b\",\"key\":1,\(deepest)}").request != nil)
        let tooDeep = message(String(nested(9).dropFirst().dropLast()))
        #expect(tooDeep?.hasSuffix(".include: nested deeper than limits.include_depth allows") == true)
        #expect(tooDeep?.hasPrefix("include.a.include.a.") == true)
    }

    @Test func `a request includes as many relationships as the limit allows`() {
        func included(_ count: Int) -> String {
            let half = (1...count / 2).map { "\"r\($0)\":{\"include\":{\"a\":{}}}" }
            return "\"include\":{\(half.joined(separator: ","))}"
        }
        #expect(decode("{\"load\":\"a.b\",\"key\":1,\(included(256))}").request != nil)
        #expect(message(included(258)) == "include: more relationships than limits.request_includes allows")
    }

    @Test(arguments: [
        #""where":{"a":1,"a":2}"#, #""where":{"a":{"gt":1,"gt":2}}"#, #""include":{"a":{},"a":{}}"#,
        #""include":{"a":{"limit":1,"limit":2}}"#, #""order":[{"column":"a","column":"b"}]"#,
        #""limit":1,"limit":1"#,
    ])
    func `a repeated member is bad JSON at any depth`(members: String) {
        let line = "{\"id\":1,\"load\":\"a.b\",\"key\":1,\(members)}"
        #expect(decode(line).failure?.failure.code == .badJSON)
    }
}
