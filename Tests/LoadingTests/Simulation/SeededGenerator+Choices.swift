import Glibc
import TestSupport

extension SeededGenerator {
    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Nanoseconds.
    mutating func time(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }

    mutating func pick<Element>(_ first: Element, _ others: Element...) -> Element {
        let place = number(0...others.count)
        return place == 0 ? first : others[place - 1]
    }

    /// Nanoseconds until the next of events that come independently of one another.
    mutating func pause(mean: Int64) -> Int64 {
        Int64(-Double(mean) * log(1 - Double.random(in: 0..<1, using: &self)))
    }
}
