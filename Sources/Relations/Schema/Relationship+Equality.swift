extension Relationship: Hashable {
    package static func == (left: Relationship, right: Relationship) -> Bool {
        if left === right { return true }
        return left.name == right.name && left.kind == right.kind
            && left.parent == right.parent && left.parentKey == right.parentKey
            && left.key == right.key && left.matches == right.matches
            && left.hops == right.hops && left.targets == right.targets
            && left.isDistinct == right.isDistinct && left.fixed == right.fixed
            && left.table == right.table && left.columns == right.columns
            && left.order == right.order && left.primaryKey == right.primaryKey
            && left.indexes == right.indexes && left.isAtMostOne == right.isAtMostOne
            && left.dialect == right.dialect
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
