/// What has happened in a simulation, and what should not have.
final class TraceLog {
    private let isKept: Bool
    private(set) var lines: [String] = []
    private(set) var fault: String?

    /// - Parameter isKept: whether more is kept than the first fault.
    init(isKept: Bool) { self.isKept = isKept }

    func note(at time: Int64, _ line: @autoclosure () -> String) {
        if isKept { lines.append("\(time / microsecond) us: \(line())") }
    }

    func fault(at time: Int64, _ what: String) {
        note(at: time, "FAULT \(what)")
        if fault == nil { fault = what }
    }
}
