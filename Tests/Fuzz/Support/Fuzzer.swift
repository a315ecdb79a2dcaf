import CLibFuzzer
import Glibc

/// A function that libFuzzer calls with one input. It returns 0, or -1 for an input that is not to be kept.
package typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

/// Runs libFuzzer on a target with the options in the process's arguments. (libFuzzer's own `main` would
/// conflict with the one that SwiftPM makes.)
package func runFuzzer(_ target: FuzzTarget) -> Never {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, target))
}
