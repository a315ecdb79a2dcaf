/// Puts SVG together. Coordinates are in pixels from the upper left corner.
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

    /// - Parameter series: of which the colour follows.
    mutating func line(_ points: [(x: Double, y: Double)], series: Int) {
        let path = points.map { "\(fixed($0.x)),\(fixed($0.y))" }.joined(separator: " ")
        body += "<polyline class='line s\(series % Self.colours)' points='\(path)'/>"
    }

    mutating func bar(_ x: Double, _ y: Double, _ width: Double, _ height: Double, series: Int, hint: String)
    {
        body += """
            <rect class='bar s\(series % Self.colours)' x='\(fixed(x))' y='\(fixed(y))' \
            width='\(fixed(max(0, width)))' height='\(fixed(max(0, height)))'><title>\(escaped(hint))</title></rect>
            """
    }

    /// - Parameter label: what a reader who does not see it is told.
    func svg(label: String) -> String {
        """
        <svg role='img' aria-label='\(escaped(label))' viewBox='0 0 \(fixed(width)) \(fixed(height))'>\(body)</svg>
        """
    }

    /// Colours there are; `ReportPage` names them.
    static let colours = 7

    private func fixed(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
    }
}

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
