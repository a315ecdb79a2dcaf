import Glibc

/// AddressSanitizer or ThreadSanitizer in the tests and in the daemon that was built with them.
package enum Sanitizer {
    /// Whether there is one. The program then takes many times its memory, so that bounds of memory mean
    /// nothing.
    package static let isOn = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
