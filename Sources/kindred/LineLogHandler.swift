import Glibc
import Logging
import Reactor

/// Writes one line for each event, its message first. For the journal a line begins with its priority, as
/// sd-daemon(3) describes, and has no time, because the journal has its own; everywhere else it begins with
/// the time and the level.
struct LineLogHandler: LogHandler {
    private let stream: LogStream
    private let isJournal: Bool
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(_ stream: LogStream, isJournal: Bool) {
        self.stream = stream
        self.isJournal = isJournal
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }
            .map { " \($0.key)=\(Self.quoted("\($0.value)"))" }
        let head = isJournal ? event.level.journalPrefix : "\(Self.time()) \(event.level): "
        // The journal makes an entry of its own of each line, and takes its priority from that line.
        let lines = (event.message.description + pairs.joined()).split(separator: "\n")
        stream.write(lines.map { "\(head)\($0)\n" }.joined())
    }

    private static func quoted(_ value: String) -> String {
        value.contains(" ") ? "\"\(value)\"" : value
    }

    /// `2026-11-28T16:45:15+0000`
    private static func time() -> String {
        var now = Glibc.time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { text in
            let length = strftime(text.baseAddress, text.count, "%Y-%m-%dT%H:%M:%S%z", &parts)
            return String(decoding: UnsafeRawBufferPointer(text)[..<length], as: UTF8.self)
        }
    }
}

extension Logger.Level {
    /// The priorities of syslog(3), as journald reads them at the beginning of a line.
    var journalPrefix: String {
        switch self {
        case .trace, .debug: "<7>"
        case .info: "<6>"
        case .notice: "<5>"
        case .warning: "<4>"
        case .error: "<3>"
        case .critical: "<2>"
        }
    }
}
