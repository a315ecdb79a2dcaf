import CLibevent

/// How the process gets the memory of its largest buffers.
package enum LargeBlocks {
    /// Gives every block of 1 MiB or more pages of its own: it grows by moving pages instead of copying
    /// bytes, and its memory is the system's again as soon as it is freed. Glibc would soon copy blocks up to
    /// 32 MiB instead, since it raises the bound with each one freed: mallopt(3).
    package static func useOwnPages() {
        _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
    }
}
