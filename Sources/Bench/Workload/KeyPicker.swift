import Glibc

/// Which keys are asked for: the same sequence for the same seed.
package enum KeyDistribution: String, Sendable, CaseIterable {
    /// Each key as often as any other.
    case uniform
    /// Few keys very often: the kth of them in proportion to 1/k, as the popularity of pages, users and products goes.
    case zipf
}

/// Draws places of a list of keys.
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
            // The inverse of the continuous distribution: its error is a few percent for the first keys, which is no
            // matter here. Neighbours in rank must not be neighbours in the table.
            let rank = Int(pow(Double(count + 1), random.unit()) - 1)
            return Int(UInt64(min(rank, count - 1)) &* 0x9E37_79B9_7F4A_7C15 % UInt64(count))
        }
    }
}

/// Random numbers that are the same for the same seed (Steele, Lea and Flood, OOPSLA 2014).
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

    /// From 0 to 1, 1 excluded.
    mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}
