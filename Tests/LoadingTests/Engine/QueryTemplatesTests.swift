import Batching
import Relations
import Testing
import Time
import Wire

@testable import Loading

/// Loads that may share a query have one template, and templates that nobody needs are forgotten.
@Suite struct QueryTemplatesTests {
    private let account = ClientAccount()

    private func plan(
        _ templates: QueryTemplates, _ relationship: String = "authors.books", _ options: LoadOptions? = nil,
        isByParent: Bool = false
    ) throws -> LoadPlan {
        let shape = LoadShape(relationship: relationship, isByParent: isByParent, options: options)
        return try plan(templates, of: shape)
    }

    private func plan(_ templates: QueryTemplates, of shape: LoadShape) throws -> LoadPlan {
        let load = Load(shape, keys: .one(.scalar(.integer(1))))
        return try LoadPlanner(templates: templates, account: account).plan(of: load)
    }

    private func templates(_ change: (inout QueryTemplates.Settings) -> Void = { _ in }) -> QueryTemplates {
        let templates = QueryTemplates()
        var settings = QueryTemplates.Settings()
        settings.policy = BatchingPolicy(window: .milliseconds(1), maxKeys: 10)
        change(&settings)
        templates.install(SimulatedTables.catalog, settings)
        return templates
    }

    private func filter(_ title: String) -> LoadOptions {
        var options = LoadOptions()
        let operand = FilterInput.Operand.value(.string(Array(title.utf8)))
        options.filters = [FilterInput(column: "title", comparisons: [.init(.eq, operand)])]
        return options
    }

    @Test func `before there is a catalog, a load is told why there is none`() {
        let templates = QueryTemplates()
        #expect(throws: Failure.self) { try plan(templates) }
        templates.unavailableReason = "nobody listens"
        let failure = #expect(throws: Failure.self) { try plan(templates) }
        #expect(failure?.code == .databaseUnavailable && failure?.message.contains("nobody listens") == true)
    }

    @Test func `a relationship that there is not is unknown`() {
        let failure = #expect(throws: Failure.self) { try plan(templates(), "authors.book") }
        #expect(failure?.code == .unknownRelationship)
    }

    @Test func `loads with the same filter share a template, whatever they show`() throws {
        let templates = templates()
        let first = try plan(templates, "authors.books", filter("a"))
        var options = filter("a")
        options.columns = ["title"]
        let second = try plan(templates, "authors.books", options)
        #expect(first.template === second.template)
        #expect(first.projection !== second.projection)
        #expect(try plan(templates).template !== first.template)
        #expect(try plan(templates, "authors.books", filter("b")).template !== first.template)
        #expect(try plan(templates, "authors.books", LoadOptions()).template === plan(templates).template)
    }

    @Test func `a shape that comes again has its plan kept, until the catalog is another`() throws {
        let templates = templates()
        let shape = LoadShape(relationship: "authors.books", options: filter("a"), number: 3)
        let first = try plan(templates, of: shape)
        #expect(try plan(templates, of: shape) === first)
        let other = LoadShape(relationship: "authors.books", options: filter("b"), number: 3)
        #expect(try plan(templates, of: other).template !== first.template)
        #expect(try plan(templates, of: shape).template === first.template)
        templates.install(Catalog(relationships: []), .init())
        #expect(throws: Failure.self) { try plan(templates, of: shape) }
    }

    @Test func `a plan is not kept longer than what others share with it`() throws {
        let templates = templates()
        var options = filter("a")
        options.includes = [IncludeInput(name: "author", options: LoadOptions())]
        let shape = LoadShape(relationship: "authors.books", options: options, number: 0)
        let first = try plan(templates, of: shape)
        templates.prune { _ in false }
        #expect(try plan(templates, "authors.books", options).template !== first.template)
        #expect(
            try plan(templates, of: shape).template === plan(templates, "authors.books", options).template)
    }

    @Test func `equal columns are one projection, others are not`() throws {
        let templates = templates()
        var options = LoadOptions()
        options.columns = ["title", "id"]
        let first = try plan(templates, "authors.books", options)
        #expect(try plan(templates, "authors.books", options).projection === first.projection)
        options.columns = ["id", "title"]
        #expect(try plan(templates, "authors.books", options).projection !== first.projection)
        options.columns = ["id", "author_id", "title"]
        #expect(try plan(templates, "authors.books", options).projection === plan(templates).projection)
    }

    @Test func `a policy of its own goes before the common one`() throws {
        let templates = templates {
            $0.policies["books.author"] = BatchingPolicy(window: .milliseconds(7), maxKeys: 3, priority: 5)
        }
        let own = try plan(templates, "books.author").template.batchKey
        #expect(own.maxKeys == 3 && own.window == .milliseconds(7) && own.priority == 5)
        #expect(try plan(templates).template.batchKey.maxKeys == 10)
    }

    @Test func `the same catalog keeps its templates, other settings make new ones`() throws {
        let templates = templates()
        let first = try plan(templates).template
        var settings = QueryTemplates.Settings()
        settings.policy = BatchingPolicy(window: .milliseconds(1), maxKeys: 10)
        templates.install(SimulatedTables.catalog, settings)
        #expect(try plan(templates).template === first)
        settings.bigIntegersAsStrings = true
        templates.install(SimulatedTables.catalog, settings)
        let second = try plan(templates).template
        #expect(second !== first && second.counters === first.counters)
        #expect(second.batchKey != first.batchKey)
        #expect(second.batchKey.relationshipNumber == first.batchKey.relationshipNumber)
    }

    @Test func `counters of a relationship that is gone stay if it was ever asked for`() throws {
        let templates = templates()
        try plan(templates).template.counters.keysAsked = 1
        templates.install(Catalog(relationships: []), QueryTemplates.Settings())
        #expect(templates.counters.keys.sorted() == ["authors.books"])
        #expect(throws: Failure.self) { try plan(templates) }
    }

    @Test func `templates that nobody needs are forgotten, those of the catalog and in use are kept`() throws
    {
        let templates = templates()
        let plain = templates.count
        let used = try plan(templates, "authors.books", filter("used")).template
        let unused = try plan(templates, "authors.books", filter("unused")).template
        #expect(templates.count == plain + 2)
        templates.prune { $0 == used.batchKey }
        #expect(templates.count == plain + 1)
        #expect(templates.template(of: used.batchKey) === used)
        #expect(templates.template(of: unused.batchKey) == nil)
        #expect(try plan(templates, "authors.books", filter("used")).template === used)
        #expect(try plan(templates, "authors.books", filter("unused")).template !== unused)
        // A load on its way brings its template back.
        templates.keep(unused)
        templates.keep(unused)
        #expect(templates.template(of: unused.batchKey) === unused)
        #expect(templates.count == plain + 3)
    }

    @Test func `the table is full beyond 4096 templates, or twice as many as are in use`() throws {
        let templates = templates()
        var number = 0
        func fill(to count: Int) throws {
            while templates.count < count {
                number += 1
                _ = try plan(templates, "authors.books", filter("\(number)"))
            }
        }
        try fill(to: 4096)
        #expect(!templates.isFull)
        try fill(to: 4097)
        #expect(templates.isFull)
        templates.prune { _ in true }
        #expect(templates.count == 4097 && !templates.isFull)
        try fill(to: 2 * 4097)
        #expect(!templates.isFull)
        try fill(to: 2 * 4097 + 1)
        #expect(templates.isFull)
        templates.prune { _ in false }
        #expect(templates.count == SimulatedTables.catalog.relationships.count && !templates.isFull)
        try fill(to: 4097)
        #expect(templates.isFull)
    }

    @Test func `the table is full when its filters take 64 MiB, and again after they were forgotten`() throws
    {
        let templates = templates()
        var isFull: [Bool] = []
        let text = String(repeating: "x", count: 33 << 20)
        for round in 1...2 {
            for number in 1...2 {
                isFull.append(templates.isFull)
                _ = try plan(templates, "authors.books", filter("\(round).\(number)" + text))
            }
            isFull.append(templates.isFull)
            templates.prune { _ in false }
        }
        isFull.append(templates.isFull)
        // A failed expectation of the table itself would print its filters.
        #expect(isFull == [false, false, true, false, false, true, false])
    }

    @Test func `an include may not have the name of a column that is shown`() throws {
        var options = LoadOptions()
        options.includes = [IncludeInput(name: "title", options: LoadOptions())]
        let failure = #expect(throws: Failure.self) { try plan(templates(), "authors.books", options) }
        #expect(failure?.message.hasPrefix("include.title: a column of that name") == true)
        options.columns = ["id"]
        let other = #expect(throws: Failure.self) { try plan(templates(), "authors.books", options) }
        #expect(other?.code == .unknownRelationship && other?.message.hasPrefix("include.title: ") == true)
    }

    @Test func `includes that lead on by the same column share it, the others have their own`() throws {
        func table(_ name: String, _ columns: [String]) -> Table {
            Table(
                name: name,
                columns: columns.map {
                    Column(
                        name: $0, type: .integer(bits: 64, signed: true, zerofill: false),
                        declaration: "bigint(20)", isNullable: false)
                }, primaryKey: ["id"], uniqueKeys: [])
        }
        let keys = [
            ("books", "author_id", "authors"), ("reviews", "book_id", "books"), ("loans", "book_id", "books"),
        ]
        .map { ForeignKey(child: $0.0, childColumns: [$0.1], parent: $0.2, parentColumns: ["id"]) }
        let schema = Schema(
            database: "shop",
            tables: [
                table("authors", ["id"]), table("books", ["id", "author_id"]),
                table("reviews", ["id", "book_id"]), table("loans", ["id", "book_id"]),
            ], foreignKeys: keys, dialect: .mariaDB)
        let templates = QueryTemplates()
        templates.install(CatalogBuilder(schema).build(discover: true, explicit: []).catalog, .init())
        var options = LoadOptions()
        options.includes = ["author", "reviews", "loans"].map {
            IncludeInput(name: $0, options: LoadOptions())
        }
        let plan = try plan(templates, "authors.books", options)
        #expect(plan.includes.map(\.keyColumns) == [[0], [1], [1]])
        #expect(plan.projection.includeKeys.map(\.name) == ["author_id", "id"])
    }

    @Test func `a load by the parent's primary key of a relationship with that key is the same load`() throws
    {
        let templates = templates()
        #expect(
            try plan(templates, isByParent: true).template === plan(templates, isByParent: true).template)
        let viaParent = try plan(templates, "books.author", isByParent: true)
        #expect(try plan(templates, "books.author").template !== viaParent.template)
        #expect(try plan(templates, "books.author", isByParent: true).template === viaParent.template)
    }
}
