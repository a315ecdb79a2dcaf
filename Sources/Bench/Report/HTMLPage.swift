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
        \(explanations)
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

    // MARK: Explanations

    /// What the words of the page mean, as far as they stand on it.
    private var explanations: String {
        let trials = sections.flatMap(\.trials)
        guard !trials.isEmpty else { return "" }
        var terms = [
            (
                "load",
                "the rows that belong to one parent, asked for by its key, such as the books of one author"
            )
        ]
        terms += ContenderKind.allCases.flatMap { kind in
            Self.explanations(of: kind, trials.filter { $0.kind == kind })
        }
        if trials.contains(where: { $0.inFlight != nil }) {
            terms.append(
                (
                    "closed loop",
                    "a client sends its next request when one is answered. So the number of requests that wait is "
                        + "fixed, and latency grows with it: p50 with 8 in flight is longer than with 1"
                ))
        }
        if trials.contains(where: { $0.requestsPerSecond != nil }) {
            terms.append(
                (
                    "open loop",
                    "requests come at a fixed rate, answered or not; a latency counts from when its request was due"
                ))
        }
        terms += [
            (
                "p50, p99",
                "half of the requests, or 99 of 100, took no longer than this many milliseconds (ms)"
            ),
            (
                "client, daemon, database, all CPU",
                "CPU time of these processes, and of all of them, in microseconds (µs) per load"
            ),
        ]
        let items = terms.map { "<dt>\(escaped($0.0))</dt><dd>\(escaped($0.1))</dd>" }
        return "<details open><summary>What the words mean</summary><dl>\(items.joined())</dl></details>"
    }

    /// - Parameter trials: All of this kind.
    private static func explanations(
        of kind: ContenderKind, _ trials: [TrialRecord]
    ) -> [(String, String)] {
        guard let name = trials.first?.name else { return [] }
        switch kind {
        case .kindred:
            return trials.contains { $0.inFlight != nil }
                ? [
                    (
                        "kindred, … in flight",
                        "each client keeps this number of requests on their way to the daemon: 8 as an asynchronous application "
                            + "does; with 1 it waits for each answer before it asks again"
                    )
                ] : []
        case .text:
            return [
                (
                    name,
                    "without kindred: each client has a connection to the database and sends one query for each "
                        + "load, one after another, as most drivers do (N+1 queries)"
                )
            ]
        case .prepared: return [(name, "the same with prepared statements")]
        case .page:
            return [
                (
                    name,
                    "without kindred: each client asks for the keys of a whole page in one query, as a loader "
                        + "within one process does. Its latencies are those of whole queries"
                )
            ]
        case .ideal:
            return [
                (
                    name,
                    "a few connections with long queries, whose rows are written as JSON and thrown away: no "
                        + "program between clients and database can do better. A bound, not a contender"
                )
            ]
        }
    }

    // MARK: Style

    private static let style = """
        :root{color-scheme:light dark;--grid:#8884;--ink:light-dark(#222,#ddd);--paper:light-dark(#fff,#181818)}
        body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0}
        main{max-width:940px;margin:0 auto;padding:1rem}
        h2{margin-top:3rem;border-top:1px solid var(--grid);padding-top:1rem}
        code{overflow-wrap:anywhere}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px;width:100%}
        th,td{text-align:right;padding:.2rem .4rem;border-bottom:1px solid var(--grid);white-space:nowrap}
        th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
        figure{margin:1.5rem 0 .5rem}figcaption{font-weight:600}
        svg{width:100%;min-width:640px;height:auto;display:block}
        svg text{font-size:12px;fill:var(--ink)}.grid{stroke:var(--grid)}.line{fill:none;stroke-width:2}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;font-size:13px;margin:0}
        .legend li::before{content:'';display:inline-block;width:1em;height:.7em;margin-right:.4em}
        summary{font-weight:600;cursor:pointer}dt{font-weight:600}dd{margin:0 0 .4rem 1rem}
        \(Colour.all.map { colour in
            ".line.\(colour.name){stroke:\(colour.css)}.bar.\(colour.name){fill:\(colour.css)}"
                + ".legend .\(colour.name)::before{background:\(colour.css)}"
        }.joined(separator: "\n"))
        .error{color:#d33}
        """
}
