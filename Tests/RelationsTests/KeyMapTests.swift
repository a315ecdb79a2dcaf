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
            if step % 50 == 49 { Self.removeSome(from: &map, &model, &random) }
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

    /// Removes all keys, or about half of them.
    private static func removeSome(
        from map: inout KeyMap, _ model: inout [Key: Int], _ random: inout SeededGenerator
    ) {
        let removesAll = random.next() % 2 == 0
        let gone = model.keys.filter { _ in removesAll || random.next() % 2 == 0 }
        map.remove(Array(gone))
        for key in gone { model[key] = nil }
    }

    @Test(arguments: [1, 9000])
    func `a map that is empty again finds nothing, and then what is added`(count: Int64) {
        let keys = (0..<count).map { Key.single(.integer($0)) }
        var map = KeyMap(indexing: keys)
        map.remove(keys)
        map.shrink()
        #expect(map.isEmpty && keys.allSatisfy { map[$0] == nil })
        map[keys[0]] = 3
        #expect(map.count == 1 && map[keys[0]] == 3)
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
