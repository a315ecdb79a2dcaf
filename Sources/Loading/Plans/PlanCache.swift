import Wire

/// The plans of shapes that come again and again, by the shapes' numbers. Making a plan costs four times as
/// much as all the rest of a load's way to its batch.
struct PlanCache {
    private var entries: [(shape: LoadShape, plan: LoadPlan)?] = []

    /// The plan that was made for this very shape; nil if there is none that still holds.
    subscript(shape: LoadShape) -> LoadPlan? {
        get {
            guard let number = shape.number, number < entries.count, let entry = entries[number],
                entry.shape === shape, entry.plan.isCurrent
            else { return nil }
            return entry.plan
        }
        set {
            guard let number = shape.number else { return }
            while entries.count <= number { entries.append(nil) }
            entries[number] = newValue.map { (shape, $0) }
        }
    }
}
