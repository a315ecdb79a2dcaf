/// Puts an SVG picture together. Coordinates are in pixels from the upper left corner.
struct SVGDrawing {
    let width: Double
    let height: Double
    private var body = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    enum Anchor: String {
        case start, middle, end
    }

    mutating func text(_ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start) {
        body +=
            "<text x='\(fixed(x))' y='\(fixed(y))' text-anchor='\(anchor.rawValue)'>\(escaped(text))</text>"
    }

    mutating func gridLine(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) {
        body += "<line class='grid' x1='\(fixed(x1))' y1='\(fixed(y1))' x2='\(fixed(x2))' y2='\(fixed(y2))'/>"
    }

    mutating func line(_ points: [(x: Double, y: Double)], _ colour: Colour) {
        let path = points.map { "\(fixed($0.x)),\(fixed($0.y))" }.joined(separator: " ")
        body += "<polyline class='line \(colour.name)' points='\(path)'/>"
    }

    /// - Parameter hint: What is shown while the pointer is on the bar.
    mutating func bar(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: Colour, hint: String
    ) {
        body += """
            <rect class='bar \(colour.name)' x='\(fixed(x))' y='\(fixed(y))' \
            width='\(fixed(max(0, width)))' \
            height='\(fixed(max(0, height)))'><title>\(escaped(hint))</title></rect>
            """
    }

    /// - Parameter label: What a screen reader says instead of the picture.
    func svg(label: String) -> String {
        """
        <svg role='img' aria-label='\(escaped(label))' \
        viewBox='0 0 \(fixed(width)) \(fixed(height))'>\(body)</svg>
        """
    }

    private func fixed(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
    }
}

/// A colour of the page. Each means one thing on the whole page: a contender, or whose CPU time it is. Most people who
/// see few colours can tell them apart (Okabe and Ito, 2008).
enum Colour: Equatable {
    /// A number for each depth of the pipeline.
    case kindred(Int)
    case text, prepared, page, ideal
    case clientCPU, daemonCPU, databaseCPU
    case clients

    static let kindredShades = 4

    static let all: [Colour] =
        (0..<kindredShades).map(Colour.kindred)
        + [.text, .prepared, .page, .ideal, .clientCPU, .daemonCPU, .databaseCPU, .clients]

    /// The name of the CSS class.
    var name: String {
        if case .kindred(let number) = self { "kindred\(number % Self.kindredShades)" } else { "\(self)" }
    }

    /// The colour as CSS writes it; some differ with the background, light or dark.
    var css: String {
        switch self {
        case .kindred(let number):
            ["#0072b2", "#56b4e9", "#5a5fc7", "#77cbb9"][number % Self.kindredShades]
        case .text: "#d55e00"
        case .prepared: "#e69f00"
        case .page: "#cc79a7"
        case .ideal: "#999"
        case .clientCPU: "#009e73"
        case .daemonCPU: "#d9c700"
        case .databaseCPU: "light-dark(#5d3f2a,#b98e6a)"
        case .clients: "light-dark(#444,#bbb)"
        }
    }

    /// The colours of trials side by side, in their order.
    static func colours(of trials: [Report.TrialRecord]) -> [Colour] {
        var others = [0, 2, 3][...]
        return trials.map { trial in
            switch trial.kind {
            case .kindred:
                // One request in flight has the same colour in all sections.
                return .kindred(trial.inFlight == 1 ? 1 : others.popFirst() ?? 0)
            case .text: return .text
            case .prepared: return .prepared
            case .page: return .page
            case .ideal: return .ideal
            }
        }
    }
}

/// The text as it stands in HTML.
func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "&": result += "&amp;"
        case "'": result += "&#39;"
        case "\"": result += "&quot;"
        default: result.append(character)
        }
    }
    return result
}
