/// A piece of the hot path, done over and over on the same input.
struct Case: Sendable {
    /// Figures of one unit: a request, key or row.
    struct Cost: Sendable {
        var instructions: Double
        var allocations: Double
    }

    let name: String
    /// What the figures are of, and how many of these a turn has.
    let unit: String
    let unitsPerTurn: Int
    /// What a unit may cost: about 15 % above what `make bench-micro` showed on x86-64 with Swift 6.3 when
    /// the case was last looked at. Whoever makes a case cheaper lowers its ceiling.
    let ceiling: Cost
    /// Sets up, goes through so many turns, and answers with a number that depends on all of them, so that
    /// none of the work can be left out.
    let run: @Sendable (_ turns: Int) -> Int

    static let all = decode + encode + batching + planning + fanOut
}
