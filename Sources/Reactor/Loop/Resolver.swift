import CLibevent  // Which of the two modules owns SOCK_STREAM depends on the order in which they are built.
import Glibc

/// Name resolution. It waits, and so is not for the loop's thread.
package enum Resolver {
    /// Whether it is an IPv4 or IPv6 address, which needs no resolving.
    package static func isNumeric(_ host: String) -> Bool {
        var buffer = in6_addr()
        return inet_pton(AF_INET, host, &buffer) == 1 || inet_pton(AF_INET6, host, &buffer) == 1
    }

    /// All addresses of a host, as text, in the resolver's order; at least one.
    package static func addresses(of host: String) -> Result<[String], ReactorError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &found)
        guard code == 0 else { return .failure(ReactorError(String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(found) }
        var addresses: [String] = []
        var next = found
        while let address = next {
            addresses.append(text(address.pointee))
            next = address.pointee.ai_next
        }
        return .success(addresses)
    }

    private static func text(_ address: addrinfo) -> String {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        getnameinfo(address.ai_addr, address.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
