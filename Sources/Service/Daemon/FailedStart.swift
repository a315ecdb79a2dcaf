import Reactor
import Relations
import Time
import Wire

/// What a daemon that cannot start does for clients that have connected to sockets of the service manager.
///
/// A connection that waits there makes systemd start the service again at once, whatever `RestartSec=` and
/// `RestartPreventExitStatus=` say, until it reaches its limit of starts and closes the socket for good. So
/// connections that wait are accepted, told why, and closed; and the process stays long enough that clients
/// that keep trying cause a start every two seconds at most.
package enum FailedStart {
    /// How long the process stays.
    private static let duration = TimeSpan.seconds(2)

    /// Turns away clients that wait now, and those that come while the process stays. Returns at once if none
    /// waits.
    /// - Parameter descriptors: the listening sockets that the service manager has opened.
    package static func turnAwayClients(of descriptors: [Int32]) {
        guard let loop = try? EventLoop() else { return }
        let listeners = descriptors.compactMap { try? Listener(loop, inherited: $0) }
        guard listeners.contains(where: \.hasWaitingConnection) else { return }
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
        alarm.set(at: loop.now + duration)
        loop.run {}
        withExtendedLifetime((alarm, listeners)) {}
    }
}
