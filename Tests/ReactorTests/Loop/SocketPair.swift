import Glibc
import Reactor

/// Returns two connected, non-blocking stream sockets.
func makeSocketPair() -> (Socket, Socket) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0)
    return (Socket(fileDescriptor: ends[0]), Socket(fileDescriptor: ends[1]))
}

func send(_ text: String, to socket: Socket) {
    var bytes = Array(text.utf8)
    bytes.withUnsafeMutableBytes { _ = socket.write(UnsafeRawBufferPointer($0)) }
}
