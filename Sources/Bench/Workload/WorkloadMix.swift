/// Workloads that are asked for side by side, each as often as its weight says.
package final class WorkloadMix {
    package let name: String
    let parts: [Workload]
    private let weights: [Int]
    private let total: Int

    package init(name: String, _ parts: [(workload: Workload, weight: Int)]) {
        self.name = name
        self.parts = parts.map(\.workload)
        weights = parts.map(\.weight)
        total = weights.reduce(0, +)
    }

    /// Whether a load has an `include`, so that kindred alone can answer it.
    var hasIncludes: Bool { parts.contains(where: \.hasIncludes) }

    /// A source of loads for one contender; every contender gets the same sequence.
    func source() -> Source { Source(self) }

    struct Source {
        private let mix: WorkloadMix
        private var random = SplitMix64(seed: 3)
        private var pickers: [KeyPicker]

        init(_ mix: WorkloadMix) {
            self.mix = mix
            pickers = mix.parts.map { $0.picker(seed: 1) }
        }

        /// Draws the workload of the next request, and this number of keys for it.
        mutating func next(keys: Int) -> (part: Int, keyIndices: [Int]) {
            var draw = mix.parts.count == 1 ? 0 : Int(random.next() % UInt64(mix.total))
            var part = 0
            while draw >= mix.weights[part] {
                draw -= mix.weights[part]
                part += 1
            }
            return (part, (0..<keys).map { _ in pickers[part].next() })
        }
    }
}
