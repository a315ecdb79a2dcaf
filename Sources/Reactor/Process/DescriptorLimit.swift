import Glibc

/// The number of descriptors that the process may have open: `RLIMIT_NOFILE` of getrlimit(2).
package enum DescriptorLimit {
    /// Raises the limit to `wanted`, as far as the hard limit allows; never lowers it.
    /// - Returns: the limit that holds then; `Int.max` if it cannot be read.
    package static func raise(to wanted: Int) -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return .max }
        var raised = limit
        raised.rlim_cur = min(rlim_t(clamping: wanted), limit.rlim_max)
        if raised.rlim_cur > limit.rlim_cur, setrlimit(resource, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }
}
