import Glibc

extension Listener {
    /// - Parameters:
    ///   - mode: the socket file's mode, such as `0o660`; processes that may write to it may connect.
    ///   - group: the file's group; nil leaves the process's own.
    package static func unix(
        _ loop: EventLoop, path: String, mode: UInt32, group: String?
    ) throws(ReactorError) -> Listener {
        var address = try SocketAddress.unix(path)
        try removeStale(path, &address)
        try makeDirectory(of: path)
        let descriptor = try SocketAddress.makeSocket(AF_UNIX, path)
        // The file is made without rights for others, so that nobody else can connect between bind and chmod.
        let mask = umask(0o777 & ~0o600)
        let bound = SocketAddress.withPointer(&address) { bind(descriptor, $0, $1) }
        let code = errno
        umask(mask)
        do throws(ReactorError) {
            guard bound == 0 else { throw ReactorError("cannot make the socket \(path)", errno: code) }
            if let group { try give(path, to: group) }
            guard chmod(path, mode) == 0 else {
                throw ReactorError("cannot set the mode of \(path)", errno: errno)
            }
            guard Glibc.listen(descriptor, SOMAXCONN) == 0 else {
                throw ReactorError("cannot listen on \(path)", errno: errno)
            }
        } catch {
            Glibc.close(descriptor)
            if bound == 0 { unlink(path) }
            throw error
        }
        return Listener(loop, descriptor: descriptor, address: path, ownedFile: SocketFile(path))
    }

    /// Removes a socket file on which nobody listens, as a killed daemon leaves it behind.
    private static func removeStale(_ path: String, _ address: inout sockaddr_un) throws(ReactorError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ReactorError("\(path) exists and is no socket; remove it or choose another path")
        }
        let descriptor = try SocketAddress.makeSocket(AF_UNIX, path)
        defer { Glibc.close(descriptor) }
        let outcome = SocketAddress.withPointer(&address) { connect(descriptor, $0, $1) }
        let code = errno
        guard outcome == 0 || code == ECONNREFUSED else {
            throw ReactorError("\(path) exists and cannot be tried", errno: code)
        }
        guard outcome != 0 else {
            throw ReactorError("another process listens on \(path); stop it or choose another path")
        }
        unlink(path)
    }

    /// Makes the directory of the socket, such as `/run/kindred`, which is there only after systemd has made
    /// it. If its own parent is missing as well, the path is more likely a mistake.
    private static func makeDirectory(of path: String) throws(ReactorError) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        let directory = String(path[..<slash])
        guard access(directory, F_OK) != 0, errno == ENOENT else { return }
        guard mkdir(directory, 0o755) == 0 else {
            throw ReactorError("cannot make the directory '\(directory)' of the socket", errno: errno)
        }
        // Whatever the umask, everybody whom the socket's mode lets in must be able to reach it.
        _ = chmod(directory, 0o755)
    }

    private static func give(_ path: String, to group: String) throws(ReactorError) {
        guard let entry = getgrnam(group) else {
            throw ReactorError("no group '\(group)' for the socket \(path); create it or change listen.group")
        }
        guard chown(path, uid_t.max, entry.pointee.gr_gid) == 0 else {
            throw ReactorError("cannot give \(path) to group '\(group)'", errno: errno)
        }
    }
}
