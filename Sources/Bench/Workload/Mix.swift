/// Kinds of load that are asked for side by side, each as often as its weight says.
package final class Mix {
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

    /// The source of one contender's loads: the same sequence for every contender.
    func source() -> Source { Source(self) }

    struct Source {
        private let mix: Mix
        private var dice = SplitMix64(seed: 3)
        private var pickers: [KeyPicker]

        init(_ mix: Mix) {
            self.mix = mix
            pickers = mix.parts.map { $0.picker(seed: 1) }
        }

        /// What to ask next, for so many keys.
        mutating func next(keys: Int) -> (part: Int, places: [Int]) {
            var ball = mix.parts.count == 1 ? 0 : Int(dice.next() % UInt64(mix.total))
            var part = 0
            while ball >= mix.weights[part] {
                ball -= mix.weights[part]
                part += 1
            }
            return (part, (0..<keys).map { _ in pickers[part].next() })
        }
    }
}
