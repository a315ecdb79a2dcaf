import Configuration
import Reactor

/// Where clients come in: the sockets that the service manager passed, or else those that the settings name.
struct Listeners {
    private let settings: Settings.Listen
    private let inherited: [Int32]

    init(_ settings: Settings.Listen, inherited: [Int32]) {
        self.settings = settings
        self.inherited = inherited
    }

    func open(on loop: EventLoop) throws(ReactorError) -> [Listener] {
        var listeners: [Listener] = []
        var isComplete = false
        defer { if !isComplete { for listener in listeners { listener.close() } } }
        if !inherited.isEmpty {
            for descriptor in inherited { listeners.append(try Listener(loop, inherited: descriptor)) }
            isComplete = true
            return listeners
        }
        if let path = settings.unix {
            listeners.append(try .unix(loop, path: path, mode: settings.mode.bits, group: settings.group))
        }
        if let tcp = settings.tcp {
            listeners += try Listener.tcp(loop, host: tcp.host, port: UInt16(clamping: tcp.port))
        }
        isComplete = true
        return listeners
    }
}
