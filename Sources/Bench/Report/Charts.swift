import Glibc

/// The pictures of a report.
enum Charts {
    private static let left = 70.0
    private static let width = 760.0

    /// A scale by decades.
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

        func place(_ value: Double) -> Double {
            let low = Double(decades.lowerBound)
            let part = (log10(max(value, pow(10, low))) - low) / Double(decades.count - 1)
            return from + (to - from) * part
        }
    }

    /// Microseconds over the part of requests that took no longer; each nine has as much room as the one
    /// before.
    static func latency(_ trials: [Report.TrialRecord]) -> String {
        var drawing = SVGDrawing(width: width, height: 320)
        let bottom = 280.0
        let all = trials.flatMap(\.latency)
        let scale = LogScale(all.map(\.microseconds), from: bottom, to: 15)
        let nines = max(1, all.map { -log10(1 - $0.part) }.max() ?? 1)
        let place = { (part: Double) in left + (width - left - 20) * (-log10(1 - part)) / nines }
        for decade in scale.decades {
            let value = pow(10, Double(decade))
            drawing.gridLine(left, scale.place(value), width - 20, scale.place(value))
            drawing.text(time(value), left - 8, scale.place(value) + 4, .end)
        }
        for nine in 0...Int(nines) {
            let part = 1 - pow(10, -Double(nine))
            drawing.gridLine(place(part), 15, place(part), bottom)
            let name = nine == 0 ? "0 %" : nine == 1 ? "90 %" : "99" + (nine > 2 ? "." : "")
            drawing.text(
                nine < 2 ? name : name + String(repeating: "9", count: nine - 2) + " %", place(part),
                bottom + 18, nine > 0 && nine == Int(nines) ? .end : .middle)
        }
        for (series, trial) in trials.enumerated() {
            drawing.line(
                trial.latency.map { (place($0.part), scale.place($0.microseconds)) }, series: series)
        }
        return drawing.svg(label: "latency by percentile")
    }

    private static func time(_ microseconds: Double) -> String {
        if microseconds >= 1_000_000 { return "\(Int(microseconds / 1_000_000)) s" }
        if microseconds >= 1000 { return "\(Int(microseconds / 1000)) ms" }
        return "\(Int(microseconds)) µs"
    }

    /// A bar for each trial, of one or more pieces. A piece without a value is not known: it is named beside
    /// the sum of the others, and drawn nowhere.
    static func bars(
        _ trials: [Report.TrialRecord], label: String,
        pieces: (Report.TrialRecord) -> [(String, Double?, Int)]
    ) -> String {
        let rowHeight = 26.0
        let nameWidth = 190.0
        var drawing = SVGDrawing(width: width, height: rowHeight * Double(trials.count) + 6)
        let all = trials.map(pieces)
        let longest = all.map { $0.reduce(0) { $0 + ($1.1 ?? 0) } }.max() ?? 0
        let hasGaps = all.contains { $0.contains { $0.1 == nil } }
        let unit = longest > 0 ? (width - nameWidth - (hasGaps ? 230 : 90)) / longest : 0
        for (row, trial) in trials.enumerated() {
            let y = rowHeight * Double(row) + 4
            drawing.text(trial.name, nameWidth - 8, y + 15, .end)
            var x = nameWidth
            var sum = 0.0
            let unknown = all[row].filter { $0.1 == nil }.map(\.0).joined(separator: ", ")
            for case (let name, let value?, let series) in all[row] {
                drawing.bar(
                    x, y, value * unit, rowHeight - 6, series: series, hint: "\(name) \(shown(value))")
                x += value * unit
                sum += value
            }
            drawing.text(shown(sum) + (unknown.isEmpty ? "" : " without \(unknown)"), x + 6, y + 15)
        }
        return drawing.svg(label: label)
    }

    /// How many queries had how many keys.
    static func batchSizes(_ trial: Report.TrialRecord, series: Int) -> String {
        var drawing = SVGDrawing(width: width, height: 180)
        let (top, bottom) = (20.0, 150.0)
        let all = trial.batchSizes.reduce(0) { $0 + $1.queries }
        let most = trial.batchSizes.map(\.queries).max() ?? 1
        let step = min(90, (width - left - 20) / Double(max(1, trial.batchSizes.count)))
        for (place, size) in trial.batchSizes.enumerated() {
            let height = (bottom - top) * Double(size.queries) / Double(most)
            let x = left + step * Double(place)
            let name = size.least == 1 ? "1" : "\(size.least)–\(2 * size.least - 1)"
            let part = shown(100 * Double(size.queries) / Double(max(1, all))) + " %"
            drawing.bar(
                x, bottom - height, step - 8, height, series: series, hint: "\(size.queries) queries")
            drawing.text(name, x + (step - 8) / 2, bottom + 18, .middle)
            drawing.text(part, x + (step - 8) / 2, bottom - height - 5, .middle)
        }
        return drawing.svg(label: "batch sizes of \(trial.name)")
    }

    /// Clients and keys per query over time.
    static func ramp(_ ramp: Report.RampRecord) -> String {
        var drawing = SVGDrawing(width: width, height: 320)
        let bottom = 280.0
        let values = ramp.samples.map { Double($0.clients) } + ramp.samples.map(\.keysPerQuery)
        let scale = LogScale(values, from: bottom, to: 15)
        let end = max(1, ramp.steps.last?.to ?? 1)
        let place = { (seconds: Double) in left + (width - left - 20) * seconds / end }
        for decade in scale.decades {
            let value = pow(10, Double(decade))
            drawing.gridLine(left, scale.place(value), width - 20, scale.place(value))
            drawing.text("\(shown(value))", left - 8, scale.place(value) + 4, .end)
        }
        for second in stride(from: 0.0, through: end, by: 2) {
            drawing.text("\(Int(second)) s", place(second), bottom + 18, .middle)
        }
        drawing.line(
            ramp.steps.flatMap { step in
                [step.from, step.to].map { (place($0), scale.place(Double(step.clients))) }
            }, series: 6)
        drawing.line(ramp.samples.map { (place($0.seconds), scale.place($0.keysPerQuery)) }, series: 0)
        return drawing.svg(label: "clients and keys per query over time")
    }
}
