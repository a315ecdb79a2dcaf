/// A list that needs no array while it has one element, as most lists of keys do.
package enum OneOrMany<Element>: RandomAccessCollection {
    case one(Element)
    case many([Element])

    package init(_ elements: [Element]) {
        self = elements.count == 1 ? .one(elements[0]) : .many(elements)
    }

    package var startIndex: Int { 0 }

    package var endIndex: Int {
        switch self {
        case .one: 1
        case .many(let elements): elements.count
        }
    }

    package subscript(index: Int) -> Element {
        get {
            switch self {
            case .one(let element):
                precondition(index == 0, "a list of one has no other index")
                return element
            case .many(let elements): return elements[index]
            }
        }
        set {
            switch self {
            case .one:
                precondition(index == 0, "a list of one has no other index")
                self = .one(newValue)
            case .many(var elements):
                // Otherwise the array would be copied.
                self = .many([])
                elements[index] = newValue
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
