import Glibc

/// The descriptors 0, 1 and 2.
package enum StandardStreams {
    /// Opens those that are closed: otherwise the next socket would get the number of one, and be sent the
    /// log.
    package static func complete() {
        var descriptor: Int32
        // open(2) takes the lowest number that is free.
        repeat { descriptor = open("/dev/null", O_RDWR) } while (0...STDERR_FILENO).contains(descriptor)
        if descriptor >= 0 { close(descriptor) }
    }
}
