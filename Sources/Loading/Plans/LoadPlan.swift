package import Relations
package import Wire

/// A load that has been checked against the catalog: a tree of what it asks for, with a node for the load
/// itself and one for each relationship that it includes.
package final class LoadPlan {
    /// An included relationship.
    package struct Include {
        /// The member of each row that holds its rows.
        let name: String
        /// The columns of its key, as indices into the ``Projection/includeKeys`` of the rows that include
        /// it.
        let keyColumns: [Int]
        package let plan: LoadPlan
    }

    package let template: QueryTemplate
    package let projection: Projection
    /// In the order of the reply's members.
    package let includes: [Include]
    /// Where this node stands in the request, for error messages.
    package let path: RequestPath
    /// The query of batches for which nobody waits but loads that show their rows as this one does. It is
    /// kept because most batches are such, and making it was a third of what a batch of one key cost.
    private(set) lazy var query = ProjectedQuery(template, showing: [projection])

    init(
        _ template: QueryTemplate, showing projection: Projection, includes: [Include] = [],
        path: RequestPath = .root
    ) {
        self.template = template
        self.projection = projection
        self.includes = includes
        self.path = path
    }

    /// The keys of a request as the database's column takes them, and the answers that need no query. A key
    /// that cannot be used fails the request if it is the only one, and only itself in a list.
    /// - Parameter positions: where the rows of each key begin.
    func read(
        _ keys: Keys, _ positions: PositionInput? = nil
    ) throws(Failure) -> (keys: OneOrMany<Key?>, answers: OneOrMany<LoadNode.Answer>) {
        if case .one(.scalar(.integer(let integer))) = keys, template.integerKeys?.contains(integer) == true {
            return (.one(.single(.integer(integer))), .one(.waiting))
        }
        let isEmpty = template.isEmpty
        let positions = try PagePositions(positions, template.selection.paging, of: keys)
        switch keys {
        case .one(let input):
            let key = try read(input, 0, positions)
            return isEmpty || key == nil ? (.one(nil), .one(.noRows)) : (.one(key), .one(.waiting))
        case .many(let inputs):
            var found: [Key?] = []
            var answers: [LoadNode.Answer] = []
            found.reserveCapacity(inputs.count)
            answers.reserveCapacity(inputs.count)
            for (index, input) in inputs.enumerated() {
                do {
                    let key = try read(input, index, positions)
                    found.append(isEmpty ? nil : key)
                    answers.append(isEmpty || key == nil ? .noRows : .waiting)
                } catch {
                    found.append(nil)
                    answers.append(.unusable(error))
                }
            }
            return (OneOrMany(found), OneOrMany(answers))
        }
    }

    /// The different keys of a load, without those that are `NULL`.
    /// - Throws: why the first key cannot be used that cannot.
    package func distinctKeys(of load: Load) throws(Failure) -> [Key] {
        let (keys, answers) = try read(load.keys, load.positions)
        for case .unusable(let failure) in answers { throw failure }
        var found: [Key] = []
        for case let key? in keys where !found.contains(key) { found.append(key) }
        return found
    }

    private func read(
        _ input: KeyInput, _ index: Int, _ positions: PagePositions?
    ) throws(Failure) -> Key? {
        let key = try template.relationship.read(input)
        guard let positions else { return key }
        guard let position = try positions.position(ofKey: index) else { return key }
        return key.map { .paged($0, from: position) }
    }
}

/// The positions of a request's keys.
private struct PagePositions {
    private let paging: Paging
    private let input: PositionInput
    private let isList: Bool

    /// - Parameter paging: that of the selection which was made of the same request's options.
    /// - Throws: `bad_request` if there is not one position for each key.
    init?(_ input: PositionInput?, _ paging: Paging?, of keys: Keys) throws(Failure) {
        guard let input, let paging else { return nil }
        (self.input, self.paging, isList) = (input, paging, keys.isList)
        guard case .many(let inputs) = keys, case .list(let elements) = input else { return }
        guard elements.count == inputs.count else {
            throw Failure(
                .badRequest,
                "\(paging.direction.rawValue): beside \(inputs.count) keys there must be as many positions, not "
                    + "\(elements.count); a key's first page is null")
        }
    }

    /// - Returns: nil for the key's first page.
    /// - Throws: `bad_value`.
    func position(ofKey index: Int) throws(Failure) -> Position? {
        if isList, case .list(let elements) = input { return try paging.position(elements[index]) }
        return try paging.position(input)
    }
}
