import Foundation

extension Report {
    /// A page that needs nothing else: `kindred bench --html`.
    package var html: String {
        """
        <!doctype html><html lang='en'><head><meta charset='utf-8'><title>kindred bench</title>
        <meta name='viewport' content='width=device-width'><style>\(Self.style)</style></head><body><main>
        <h1>kindred bench</h1>
        <p>kindred \(escaped(kindred)), \(escaped(database)), \(cores) cores, \
        \(escaped(date.formatted(.iso8601)))<br><code>\(escaped(arguments.joined(separator: " ")))</code></p>
        <p>Contenders take turns in every round, so that whatever disturbs the machine disturbs them alike. Figures are \
        medians of the rounds, CPU is microseconds of process time per load. Compare ratios, not figures of \
        different runs.</p>
        \(sections.map(Self.section).joined(separator: "\n"))
        </main></body></html>

        """
    }

    private static func section(_ section: SectionRecord) -> String {
        var parts = ["<h2>\(escaped(section.title))</h2>"]
        parts += section.tables.map(table)
        parts += section.gaps.map { "<p>\(escaped($0))</p>" }
        if !section.trials.isEmpty { parts.append(trials(section.trials)) }
        if let record = section.ramp { parts.append(ramp(record)) }
        return "<section>" + parts.joined(separator: "\n") + "</section>"
    }

    private static func trials(_ trials: [TrialRecord]) -> String {
        var parts: [String] = []
        for error in trials.compactMap(\.firstError).prefix(1) {
            parts.append("<p class='error'>first error: \(escaped(error))</p>")
        }
        let perSecond = Charts.bars(trials, label: "loads per second") { trial in
            let series = trials.firstIndex { $0.name == trial.name } ?? 0
            return [("loads/s", trial.loadsPerSecond, series)]
        }
        let cost = Charts.bars(trials, label: "CPU per load") { trial in
            let cost = trial.cpuMicrosecondsPerLoad
            let parts = [
                ("clients", cost.clients, 6), ("daemon", cost.daemon, 0), ("database", cost.database, 1),
            ]
            // The daemon has no part in what is asked without it.
            return parts.filter { $0.1 != nil || cost.unknown.map(\.rawValue).contains($0.0) }
        }
        parts.append(figure("Latency: how long requests took, by percentile", Charts.latency(trials)))
        parts.append(legend(trials.enumerated().map { ($1.name, $0) }))
        parts.append(figure("Loads per second", perSecond))
        parts.append(figure("Microseconds of CPU per load", cost))
        parts.append(legend([("clients", 6), ("daemon", 0), ("database", 1)]))
        for (series, trial) in trials.enumerated() where !trial.batchSizes.isEmpty {
            let picture = Charts.batchSizes(trial, series: series)
            parts.append(figure("\(trial.name): keys per query", picture))
        }
        return parts.joined(separator: "\n")
    }

    private static func ramp(_ ramp: RampRecord) -> String {
        figure("Clients, each with one load at a time, and keys per query", Charts.ramp(ramp))
            + legend([("clients", 6), ("keys per query", 0)])
    }

    private static func figure(_ title: String, _ picture: String) -> String {
        "<figure><figcaption>\(escaped(title))</figcaption>\(picture)</figure>"
    }

    private static func legend(_ entries: [(name: String, series: Int)]) -> String {
        let items = entries.map { "<li class='s\($0.series % SVGDrawing.colours)'>\(escaped($0.name))</li>" }
        return "<ul class='legend'>\(items.joined())</ul>"
    }

    private static func table(_ table: Table) -> String {
        let titles = table.head.map { "<th>\(escaped($0))</th>" }.joined()
        let lines = table.rows.map { row in "<tr>\(row.map { "<td>\(escaped($0))</td>" }.joined())</tr>" }
        return "<table><thead><tr>\(titles)</tr></thead><tbody>\(lines.joined())</tbody></table>"
    }

    // The colours are told apart by most people who see few (Okabe and Ito, 2008).
    private static let style = """
        :root{color-scheme:light dark;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#e69f00;--c5:#56b4e9;\
        --c6:#8a8a8a;--grid:#8884;--ink:light-dark(#222,#ddd)}
        body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:light-dark(#fff,#181818);margin:0}
        main{max-width:860px;margin:0 auto;padding:1rem}
        h2{margin-top:3rem;border-top:1px solid var(--grid);padding-top:1rem}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px;width:100%}
        th,td{text-align:right;padding:.2rem .5rem;border-bottom:1px solid var(--grid)}
        th:first-child,td:first-child{text-align:left}
        figure{margin:1.5rem 0 .5rem}figcaption{font-weight:600}svg{width:100%;height:auto}
        svg text{font-size:12px;fill:var(--ink)}.grid{stroke:var(--grid)}.line{fill:none;stroke-width:2}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;font-size:13px;margin:0}
        .legend li::before{content:'';display:inline-block;width:1em;height:.7em;margin-right:.4em}
        \((0..<SVGDrawing.colours).map { colour in
            ".line.s\(colour){stroke:var(--c\(colour))}.bar.s\(colour){fill:var(--c\(colour))}"
                + ".legend .s\(colour)::before{background:var(--c\(colour))}"
        }.joined(separator: "\n"))
        .error{color:#d33}
        """
}
