import Fuzzing
import Glibc
import MariaDB

/// The address of the fake server: a Unix socket in a temporary directory, for as long as the program runs.
enum ServerAddress {
    static let path = directory() + "/server"
    static let listener = listen()

    static var endpoint: Endpoint {
        Endpoint(
            .socket(path: path), user: "kindred", password: "secret", database: "shop",
            connectTimeoutSeconds: 5, sessionSetup: ["SET NAMES utf8mb4"])
    }

    /// A part of `/etc/passwd`: a server may ask for that file, and must not get it.
    static let fileContent = "root:x:0:0:"

    private static func remove() {
        unlink(path)
        rmdir(String(path.dropLast("/server".count)))
    }

    private static func directory() -> String {
        var template = Array("/tmp/kd-fuzz-XXXXXX".utf8CString)
        expect(mkdtemp(&template) != nil, "no temporary directory")
        atexit { ServerAddress.remove() }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func listen() -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let isListening = withUnsafeBytes(of: &address) { bytes in
            bind(listener, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
                == 0
                && Glibc.listen(listener, 8) == 0
        }
        expect(isListening, "no socket at \(path)")
        return listener
    }
}
