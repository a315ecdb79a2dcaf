import Glibc

/// stub
final class ServiceManager {
    enum Notice { case ready, reloading, stopping, watchdog, status(String) }
    func notify(_ notice: Notice) {}
    var watchdogInterval: Int64? { nil }
    func inheritedListeners() throws -> [Int32] { [] }
}
