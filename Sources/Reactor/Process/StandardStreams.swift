import Glibc

/// The descriptors 0, 1 and 2.
package enum StandardStreams {
    /// Opens those that whoever started us has closed: the next socket would get their number, and be sent the log.
    package static func complete() {
        var descriptor: Int32
        // open(2): the lowest that is free.
        repeat { descriptor = open("/dev/null", O_RDWR) } while (0...STDERR_FILENO).contains(descriptor)
        if descriptor >= 0 { close(descriptor) }
    }
}
