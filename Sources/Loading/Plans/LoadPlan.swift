package import Relations
import Wire

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
    func read(_ keys: Keys) throws(Failure) -> (keys: OneOrMany<Key?>, answers: OneOrMany<LoadNode.Answer>) {
        let relationship = template.relationship
        let isEmpty = template.isEmpty
        switch keys {
        case .one(let input):
            let key = try relationship.read(input)
            return isEmpty || key == nil ? (.one(nil), .one(.noRows)) : (.one(key), .one(.waiting))
        case .many(let inputs):
            var found: [Key?] = []
            var answers: [LoadNode.Answer] = []
            found.reserveCapacity(inputs.count)
            answers.reserveCapacity(inputs.count)
            for input in inputs {
                do {
                    let key = try relationship.read(input)
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
}
