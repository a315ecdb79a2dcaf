import CLibevent  // Which of the two modules owns SOCK_STREAM depends on the order in which they are built.
import Glibc

extension Listener {
    /// One listener for each address that the host name has and that can be listened on; at least one.
    package static func tcp(_ loop: EventLoop, host: String, port: UInt16) throws(ReactorError) -> [Listener]
    {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else {
            throw ReactorError("cannot listen on \(host):\(port): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(found) }
        var listeners: [Listener] = []
        var refusal: ReactorError?
        var next = found
        while let address = next {
            do throws(ReactorError) {
                listeners.append(try listen(loop, on: address.pointee, "\(host):\(port)"))
            } catch {
                refusal = error
            }
            next = address.pointee.ai_next
        }
        // `localhost` may be ::1 as well, on a machine without IPv6.
        if listeners.isEmpty, let refusal { throw refusal }
        return listeners
    }

    private static func listen(_ loop: EventLoop, on address: addrinfo, _ name: String) throws(ReactorError)
        -> Listener
    {
        let descriptor = try SocketAddress.makeSocket(address.ai_family, name)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0,
            Glibc.listen(descriptor, SOMAXCONN) == 0
        else {
            let code = errno
            Glibc.close(descriptor)
            throw ReactorError("cannot listen on \(name)", errno: code)
        }
        return Listener(loop, descriptor: descriptor, address: SocketAddress.text(of: descriptor))
    }
}
