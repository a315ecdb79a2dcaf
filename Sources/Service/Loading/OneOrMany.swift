/// A list of one, which most are, without an array; or any other.
enum OneOrMany<Element>: RandomAccessCollection {
    case one(Element)
    case many([Element])

    init(_ elements: [Element]) {
        self = elements.count == 1 ? .one(elements[0]) : .many(elements)
    }

    var startIndex: Int { 0 }

    var endIndex: Int {
        switch self {
        case .one: 1
        case .many(let elements): elements.count
        }
    }

    subscript(place: Int) -> Element {
        get {
            switch self {
            case .one(let element):
                precondition(place == 0, "a list of one has no other place")
                return element
            case .many(let elements): return elements[place]
            }
        }
        set {
            switch self {
            case .one:
                precondition(place == 0, "a list of one has no other place")
                self = .one(newValue)
            case .many(var elements):
                // Else it would be copied.
                self = .many([])
                elements[place] = newValue
                self = .many(elements)
            }
        }
    }

    func map<Other>(_ other: (Element) -> Other) -> OneOrMany<Other> {
        switch self {
        case .one(let element): .one(other(element))
        case .many(let elements): .many(elements.map(other))
        }
    }
}
