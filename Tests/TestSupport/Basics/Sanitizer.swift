import Glibc

/// AddressSanitizer or ThreadSanitizer, with which the tests and the daemon beside them may have been built.
package enum Sanitizer {
    /// It takes many times the memory of what it looks at: bounds of memory mean nothing then.
    package static let isOn = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
