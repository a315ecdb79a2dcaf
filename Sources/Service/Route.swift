import Batching
import Planning
import Relations
import Wire

/// A relationship with what is prepared for serving it.
final class Route {
    let relationship: Relationship
    let shape: Shape
    let planner: Planner
    let encoder: RowEncoder

    init(_ relationship: Relationship, number: Int, maxKeys: Int, bigIntegersAsStrings: Bool) {
        self.relationship = relationship
        planner = Planner(relationship)
        shape = Shape(number: number, maxKeys: planner.maxKeys(maxKeys))
        encoder = RowEncoder(
            columns: relationship.columns.map {
                ($0.name, ValueFormat($0.type, bigIntegersAsStrings: bigIntegersAsStrings))
            })
    }
}
