import Wire

/// The plans of shapes that come again and again, by the shapes' numbers. Reading the options and making a
/// plan of them was 18,800 of the 31,000 instructions of a load with three columns. When an account may not
/// see everything any more, what it may see is a part of what a plan is kept by.
struct PlanCache {
    private final class Entry {
        let shape: LoadShape
        let plan: LoadPlan

        init(_ shape: LoadShape, _ plan: LoadPlan) {
            self.shape = shape
            self.plan = plan
        }
    }

    private var entries: [Entry?] = []

    /// The plan that was kept for this very shape; nil if there is none.
    func plan(of shape: LoadShape) -> LoadPlan? {
        guard let number = shape.number, number < entries.count, let entry = entries[number],
            entry.shape === shape
        else { return nil }
        return entry.plan
    }

    /// Keeps a plan, if the shape is one that comes again.
    mutating func keep(_ plan: LoadPlan, for shape: LoadShape) {
        guard let number = shape.number else { return }
        while entries.count <= number { entries.append(nil) }
        entries[number] = Entry(shape, plan)
    }
}
