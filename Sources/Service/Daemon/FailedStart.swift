import Reactor
import Relations
import Wire

/// What a daemon that cannot start does for clients that have come through sockets of the service manager.
///
/// A connection that waits there makes systemd start the service again at once, whatever `RestartSec=` and
/// `RestartPreventExitStatus=` say, until it loses patience and closes the socket for good. So whoever waits is
/// accepted, told, and sent away; and the end comes late enough that clients who keep trying cause a start every two
/// seconds at most.
package enum FailedStart {
    /// Nanoseconds.
    private static let stay: Int64 = 2_000_000_000

    /// Returns at once if nobody waits.
    package static func turnAwayClients(of descriptors: [Int32]) {
        guard let loop = try? EventLoop() else { return }
        let listeners = descriptors.compactMap { try? Listener(loop, inherited: $0) }
        guard listeners.contains(where: \.hasCaller) else { return }
        var reply = ByteBuffer()
        ReplyEncoder.failure(
            nil,
            Failure(
                .shuttingDown,
                "kindred cannot start; its configuration or its log says why. Connect again later"),
            into: &reply)
        let line = reply.withBytes { Array($0) }
        let lingering = LingeringSockets(loop)
        for listener in listeners {
            listener.start { socket in
                // A new socket has room for one line.
                _ = line.withUnsafeBytes { socket.write($0) }
                lingering.end(socket)
            }
        }
        let alarm = Alarm(loop) { loop.stop() }
        alarm.set(at: loop.now + stay)
        loop.run {}
        withExtendedLifetime((alarm, listeners)) {}
    }
}
