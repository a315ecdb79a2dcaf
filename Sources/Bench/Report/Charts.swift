import Glibc

/// The pictures of a report.
enum Charts {
    private static let left = 80.0
    private static let right = 720.0
    private static let width = 760.0

    /// A logarithmic scale of whole decades.
    private struct LogScale {
        let decades: ClosedRange<Int>
        let from: Double
        let to: Double

        init(_ values: [Double], from: Double, to: Double) {
            let logs = values.filter { $0 > 0 }.map { log10($0) }
            let low = Int((logs.min() ?? 0).rounded(.down))
            decades = low...max(low + 1, Int((logs.max() ?? 1).rounded(.up)))
            self.from = from
            self.to = to
        }

        func position(_ value: Double) -> Double {
            let low = Double(decades.lowerBound)
            let part = (log10(max(value, pow(10, low))) - low) / Double(decades.count - 1)
            return from + (to - from) * part
        }
    }

    /// The lines of a logarithmic scale, and their values.
    private static func drawGrid(_ scale: LogScale, _ drawing: inout SVGDrawing, unit: String) {
        for decade in scale.decades {
            let y = scale.position(pow(10, Double(decade)))
            drawing.gridLine(left, y, right, y)
            drawing.text(
                shown(pow(10, Double(decade)), decimals: max(0, -decade)) + unit, left - 8, y + 4, .end)
        }
    }

    // MARK: Latency

    /// Milliseconds over the part of the requests that took no longer. The scale of the parts is that of
    /// log(p / (1 − p)), which gives the middle of the requests as much room as the slowest of them.
    static func latency(_ trials: [Report.TrialRecord]) -> String {
        var drawing = SVGDrawing(width: width, height: 320)
        let bottom = 280.0
        let parts = 0.01...0.999
        let curves = trials.map { trial in
            trial.latency.filter { parts.contains($0.part) }.map { ($0.part, $0.microseconds / 1000) }
        }
        let scale = LogScale(curves.flatMap { $0 }.map(\.1), from: bottom, to: 15)
        let position = { (part: Double) in
            let (low, high) = (logOdds(parts.lowerBound), logOdds(parts.upperBound))
            return left + (right - left) * (logOdds(part) - low) / (high - low)
        }
        drawGrid(scale, &drawing, unit: " ms")
        for (part, name) in [
            (0.01, "1 %"), (0.1, "10 %"), (0.5, "50 % (p50)"), (0.9, "90 %"), (0.99, "99 % (p99)"),
            (0.999, "99.9 %"),
        ] {
            drawing.gridLine(position(part), 15, position(part), bottom)
            drawing.text(name, position(part), bottom + 18, .middle)
        }
        for (curve, colour) in zip(curves, Colour.colours(of: trials)) {
            drawing.line(curve.map { (position($0.0), scale.position($0.1)) }, colour)
        }
        return drawing.svg(label: "latency by percentile")
    }

    private static func logOdds(_ part: Double) -> Double { log(part / (1 - part)) }

    // MARK: Bars

    struct Piece {
        let name: String
        /// Nil if it is not known; then it is named beside the sum of the others, and drawn nowhere.
        let value: Double?
        let colour: Colour
    }

    /// A bar for each trial, which consists of one or more pieces.
    /// - Parameter decimals: How many decimals the numbers beside the bars have; as many as in the table.
    static func bars(
        _ trials: [Report.TrialRecord], label: String, decimals: Int,
        pieces: (Report.TrialRecord, Colour) -> [Piece]
    ) -> String {
        let rowHeight = 26.0
        let nameWidth = 190.0
        var drawing = SVGDrawing(width: width, height: rowHeight * Double(trials.count) + 6)
        let all = zip(trials, Colour.colours(of: trials)).map(pieces)
        let longest = all.map { $0.reduce(0) { $0 + ($1.value ?? 0) } }.max() ?? 0
        let hasGaps = all.contains { $0.contains { $0.value == nil } }
        let unit = longest > 0 ? (width - nameWidth - (hasGaps ? 230 : 90)) / longest : 0
        for (row, trial) in trials.enumerated() {
            let y = rowHeight * Double(row) + 4
            drawing.text(trial.name, nameWidth - 8, y + 15, .end)
            var (x, sum) = (nameWidth, 0.0)
            for piece in all[row] {
                guard let value = piece.value else { continue }
                let hint = "\(piece.name) \(shown(value, decimals: decimals))"
                drawing.bar(x, y, value * unit, rowHeight - 6, piece.colour, hint: hint)
                x += value * unit
                sum += value
            }
            let unknown = all[row].filter { $0.value == nil }.map(\.name).joined(separator: ", ")
            let gaps = unknown.isEmpty ? "" : " without \(unknown)"
            drawing.text(shown(sum, decimals: decimals) + gaps, x + 6, y + 15)
        }
        return drawing.svg(label: label)
    }

    /// How many queries had how many keys.
    static func batchSizes(_ trial: Report.TrialRecord, _ colour: Colour) -> String {
        var drawing = SVGDrawing(width: width, height: 180)
        let (top, bottom) = (20.0, 150.0)
        let all = trial.batchSizes.reduce(0) { $0 + $1.queries }
        let most = trial.batchSizes.map(\.queries).max() ?? 1
        let step = min(90, (right - left) / Double(max(1, trial.batchSizes.count)))
        for (number, size) in trial.batchSizes.enumerated() {
            let height = (bottom - top) * Double(size.queries) / Double(most)
            let x = left + step * Double(number)
            let name = size.least == 1 ? "1" : "\(size.least)–\(2 * size.least - 1)"
            let percent = shown(100 * Double(size.queries) / Double(max(1, all)), decimals: 1) + " %"
            drawing.bar(
                x, bottom - height, step - 8, height, colour,
                hint: shown(Double(size.queries), decimals: 0) + " queries")
            drawing.text(name, x + (step - 8) / 2, bottom + 18, .middle)
            drawing.text(percent, x + (step - 8) / 2, bottom - height - 5, .middle)
        }
        return drawing.svg(label: "batch sizes of \(trial.name)")
    }

    // MARK: Ramp

    /// Clients and keys per query over time.
    static func ramp(_ ramp: Report.RampRecord) -> String {
        var drawing = SVGDrawing(width: width, height: 320)
        let bottom = 280.0
        let values = ramp.samples.map { Double($0.clients) } + ramp.samples.map(\.keysPerQuery)
        let scale = LogScale(values, from: bottom, to: 15)
        let end = max(1, ramp.steps.last?.to ?? 1)
        let position = { (seconds: Double) in left + (right - left) * seconds / end }
        drawGrid(scale, &drawing, unit: "")
        for second in stride(from: 0.0, through: end, by: 2) {
            drawing.text("\(Int(second)) s", position(second), bottom + 18, .middle)
        }
        drawing.line(
            ramp.steps.flatMap { step in
                [step.from, step.to].map { (position($0), scale.position(Double(step.clients))) }
            }, .clients)
        drawing.line(
            ramp.samples.map { (position($0.seconds), scale.position($0.keysPerQuery)) }, keysPerQuery)
        return drawing.svg(label: "clients and keys per query over time")
    }

    /// The clients of a ramp have one request in flight each.
    static let keysPerQuery = Colour.kindred(1)
}
