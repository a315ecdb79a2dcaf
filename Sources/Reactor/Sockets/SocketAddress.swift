import CLibevent
import Glibc

enum SocketAddress {
    /// `sun_path` has 108 bytes, one of them for the final zero.
    static func unix(_ path: String) throws(ReactorError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else {
            throw ReactorError(
                "the socket path \(path) is longer than \(capacity - 1) bytes; choose a shorter one")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }

    static func withPointer<R>(
        _ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    static func makeSocket(_ family: Int32, _ name: String) throws(ReactorError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw ReactorError("no socket for \(name)", errno: errno) }
        return descriptor
    }

    /// `/run/kindred/kindred.sock`, `127.0.0.1:7654`, `[::1]:7654`
    static func text(of descriptor: Int32) -> String {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard getsockname(descriptor, pointer, &length) == 0 else {
                    return "descriptor \(descriptor)"
                }
                return Int32(pointer.pointee.sa_family) == AF_UNIX
                    ? unixText(pointer, length) : internetText(pointer, length)
            }
        }
    }

    private static func unixText(_ pointer: UnsafePointer<sockaddr>, _ length: socklen_t) -> String {
        let header = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let bytes = UnsafeRawBufferPointer(start: pointer, count: Int(length)).dropFirst(header)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func internetText(_ pointer: UnsafePointer<sockaddr>, _ length: socklen_t) -> String {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        getnameinfo(
            pointer, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
            NI_NUMERICHOST | NI_NUMERICSERV)
        let (hostText, portText) = (text(host), text(port))
        return hostText.contains(":") ? "[\(hostText)]:\(portText)" : "\(hostText):\(portText)"
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
