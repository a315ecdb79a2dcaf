import Relations
import TestSupport
import Testing

@Suite struct KeyMapTests {
    /// Adds and removes a few keys again and again, in a map that is never much larger than they need.
    @Test(arguments: UInt64(0)..<200)
    func `a map finds what a dictionary finds`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let keys = Self.keys(Int.random(in: 1...80, using: &random), &random)
        var map = KeyMap()
        var model: [Key: Int] = [:]
        for step in 0..<1000 {
            let key = keys[Int.random(in: 0..<keys.count, using: &random)]
            let place = random.next() % 2 == 0 ? step : nil
            map[key] = place
            model[key] = place
            if step % 100 == 99 { map.shrink() }
            guard map.count == model.count, keys.allSatisfy({ map[$0] == model[$0] }) else {
                Issue.record("seed \(seed), step \(step): the map is not the dictionary")
                return
            }
        }
    }

    @Test func `of equal keys in a list, the first one's index is found`() {
        let map = KeyMap(indexing: [7, -1, 7, .max, .min, -1].map { .single(.integer($0)) })
        #expect(map.count == 4 && map.isOfIntegers)
        #expect(map[integer: 7] == 0 && map[integer: -1] == 1)
        #expect(map[integer: .max] == 3 && map[integer: .min] == 4)
        #expect(map[integer: 0] == nil)
    }

    private static func keys(_ count: Int, _ random: inout SeededGenerator) -> [Key] {
        (0..<count).map { number in
            switch random.next() % 4 {
            case 0: .single(.integer(Int64(bitPattern: random.next())))
            case 1: .single(.text(Array("\(number)".utf8)))
            default: .single(.integer(Int64(number)))
            }
        }
    }
}
