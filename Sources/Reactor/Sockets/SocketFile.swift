import Glibc

/// A socket file that this process has made. It is removed only if no other has taken its place.
struct SocketFile {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    init(_ path: String) {
        var status = stat()
        lstat(path, &status)
        self.path = path
        (device, inode) = (status.st_dev, status.st_ino)
    }

    var isInPlace: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_dev == device && status.st_ino == inode
    }

    func remove() {
        if isInPlace { unlink(path) }
    }
}
