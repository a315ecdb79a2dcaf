/// A piece of the hot path, done over and over on the same input.
struct Case: Sendable {
    /// What one unit costs: a request, a key or a row.
    struct Cost: Sendable {
        var instructions: Double
        var allocations: Double
    }

    let name: String
    /// What the figures are for, and how many of these one iteration has.
    let unit: String
    let unitsPerIteration: Int
    /// What a unit may cost: about 15 % above what `make bench-micro` showed on x86-64 with Swift 6.3 when
    /// the case was last looked at. Whoever makes a case cheaper lowers its ceiling.
    let ceiling: Cost
    /// Sets up, runs this number of iterations, and returns a number that depends on all of them, so that the
    /// compiler cannot leave out any of the work.
    let run: @Sendable (_ iterations: Int) -> Int

    static let all = decode + encode + batching + planning + fanOut + load
}
