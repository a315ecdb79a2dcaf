import Foundation

extension Report {
    /// A page that needs no other file: `kindred bench --html`.
    package var html: String {
        """
        <!doctype html><html lang='en'><head><meta charset='utf-8'><title>kindred bench</title>
        <meta name='viewport' content='width=device-width'><style>\(Self.style)</style></head><body><main>
        <h1>kindred bench</h1>
        <p>kindred \(escaped(kindred)), \(escaped(database)), \(cores) cores, \
        \(escaped(date.formatted(.iso8601)))<br><code>\(escaped(arguments.joined(separator: " ")))</code></p>
        <p>Contenders take turns in every round, so that whatever disturbs the machine disturbs them alike.
        Figures are medians of the rounds. Compare ratios, not figures of different runs.</p>
        \(Self.glossary(Glossary(sections.flatMap(\.trials))))
        \(sections.map(Self.section).joined(separator: "\n"))
        </main></body></html>

        """
    }

    private static func section(_ section: SectionRecord) -> String {
        var parts = ["<h2>\(escaped(section.title))</h2>"]
        parts += section.tables.map(table)
        parts += section.unknownTimes.map { "<p>\(escaped($0))</p>" }
        let findings = Findings(section.trials).sentences
        if !findings.isEmpty {
            // A sign and its number stay on one line.
            let items = findings.map { finding in
                let text = escaped(finding).replacing("× ", with: "×&nbsp;").replacing("÷ ", with: "÷&nbsp;")
                return "<li>\(text)</li>"
            }
            parts.append("<ul>\(items.joined())</ul>")
        }
        if !section.trials.isEmpty { parts.append(charts(section.trials)) }
        if let record = section.ramp { parts.append(ramp(record)) }
        return "<section>" + parts.joined(separator: "\n") + "</section>"
    }

    private static func charts(_ trials: [TrialRecord]) -> String {
        let colours = Colour.colours(of: trials)
        var parts: [String] = []
        for error in trials.compactMap(\.firstError).prefix(1) {
            parts.append("<p class='error'>first error: \(escaped(error))</p>")
        }
        parts.append(
            figure("Latency: the percentage of requests that took no longer", Charts.latency(trials)))
        parts.append(legend(Array(zip(trials.map(\.name), colours))))
        let perSecond = Charts.bars(trials, label: "loads per second", decimals: 0) { trial, colour in
            [Charts.Piece(name: "loads/s", value: trial.loadsPerSecond, colour: colour)]
        }
        parts.append(figure("Loads per second", perSecond))
        parts.append(figure("Microseconds of CPU per load", costBars(trials)))
        parts.append(
            legend([("clients", .clientCPU), ("daemon", .daemonCPU), ("database", .databaseCPU)]))
        for (trial, colour) in zip(trials, colours) where !trial.batchSizes.isEmpty {
            let picture = Charts.batchSizes(trial, colour)
            parts.append(figure("\(trial.name): how many of its queries had how many keys", picture))
        }
        return parts.joined(separator: "\n")
    }

    private static func costBars(_ trials: [TrialRecord]) -> String {
        Charts.bars(trials, label: "CPU per load", decimals: TrialRecord.costDecimals(trials)) { trial, _ in
            let cost = trial.cpuMicrosecondsPerLoad
            let pieces = [
                Charts.Piece(name: "clients", value: cost.clients, colour: .clientCPU),
                Charts.Piece(name: "daemon", value: cost.daemon, colour: .daemonCPU),
                Charts.Piece(name: "database", value: cost.database, colour: .databaseCPU),
            ]
            // The daemon has no part in what is asked without it.
            return pieces.filter { $0.value != nil || cost.unknown.map(\.rawValue).contains($0.name) }
        }
    }

    private static func ramp(_ ramp: RampRecord) -> String {
        figure("Clients, each with one request in flight, and keys per query", Charts.ramp(ramp))
            + legend([("clients", .clients), ("keys per query", Charts.keysPerQuery)])
    }

    private static func figure(_ title: String, _ picture: String) -> String {
        "<figure><figcaption>\(escaped(title))</figcaption><div class='scroll'>\(picture)</div></figure>"
    }

    private static func legend(_ entries: [(name: String, colour: Colour)]) -> String {
        let items = entries.map { "<li class='\($0.colour.name)'>\(escaped($0.name))</li>" }
        return "<ul class='legend'>\(items.joined())</ul>"
    }

    private static func table(_ table: Table) -> String {
        let titles = table.head.map { "<th>\(escaped($0))</th>" }.joined()
        let lines = table.rows.map { row in "<tr>\(row.map { "<td>\(escaped($0))</td>" }.joined())</tr>" }
        return "<div class='scroll'><table><thead><tr>\(titles)</tr></thead>"
            + "<tbody>\(lines.joined())</tbody></table></div>"
    }

    private static func glossary(_ glossary: Glossary) -> String {
        guard !glossary.terms.isEmpty else { return "" }
        let items = glossary.terms.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.meaning))</dd>" }
        return "<details open><summary>What the words mean</summary><dl>\(items.joined())</dl></details>"
    }

    // MARK: Style

    private static let style = """
        :root{color-scheme:light dark}
        :root{--grid:#8884;--ink:light-dark(#222,#ddd);--paper:light-dark(#fff,#181818)}
        body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0}
        main{max-width:940px;margin:0 auto;padding:1rem}
        h2{margin-top:3rem;border-top:1px solid var(--grid);padding-top:1rem}
        code{overflow-wrap:anywhere}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px;width:100%}
        th,td{text-align:right;padding:.2rem .4rem;border-bottom:1px solid var(--grid);white-space:nowrap}
        th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
        td:first-child{white-space:normal;min-width:7.5rem}
        figure{margin:1.5rem 0 .5rem}figcaption{font-weight:600}
        svg{width:100%;min-width:640px;height:auto;display:block}
        svg text{font-size:12px;fill:var(--ink)}.grid{stroke:var(--grid)}.line{fill:none;stroke-width:2}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:0}
        .legend{font-size:13px}
        .legend li::before{content:'';display:inline-block;width:1em;height:.7em;margin-right:.4em}
        summary{font-weight:600;cursor:pointer}dt{font-weight:600}dd{margin:0 0 .4rem 1rem}
        \(Colour.all.map { colour in
            ".line.\(colour.name){stroke:\(colour.css)}.bar.\(colour.name){fill:\(colour.css)}"
                + ".legend .\(colour.name)::before{background:\(colour.css)}"
        }.joined(separator: "\n"))
        .error{color:#d33}
        """
}
