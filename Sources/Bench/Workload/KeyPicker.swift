import Glibc

/// How often each key is asked for.
package enum KeyDistribution: String, Sendable, CaseIterable {
    /// All keys equally often.
    case uniform
    /// A few keys very often: the kth in proportion to 1/k, like the popularity of pages, users and products.
    case zipf
}

/// Draws indices of a list of keys; the same sequence for the same seed.
struct KeyPicker {
    private let count: Int
    private let distribution: KeyDistribution
    private var random: SplitMix64

    init(count: Int, _ distribution: KeyDistribution, seed: UInt64) {
        self.count = count
        self.distribution = distribution
        random = SplitMix64(seed: seed)
    }

    mutating func next() -> Int {
        switch distribution {
        case .uniform: return Int(random.next() % UInt64(count))
        case .zipf:
            // The inverse of the continuous distribution, whose error of a few percent for the first keys
            // does not matter here. The multiplication keeps neighbours in rank from being neighbours in the
            // table.
            let rank = Int(pow(Double(count + 1), random.unit()) - 1)
            return Int(UInt64(min(rank, count - 1)) &* 0x9E37_79B9_7F4A_7C15 % UInt64(count))
        }
    }
}

/// A random number generator that gives the same numbers for the same seed (Steele, Lea and Flood, OOPSLA
/// 2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The next number, at least 0 and less than 1.
    mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}
