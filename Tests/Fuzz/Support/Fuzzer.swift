import CLibFuzzer
import Glibc

/// Called by libFuzzer with one input; to be ended by 0.
package typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

/// Has libFuzzer call the target with one input after another, as the arguments of the process say. (Its own `main`
/// would stand in the way of the one that SwiftPM gives to a program.)
package func runFuzzer(_ target: FuzzTarget) -> Never {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, target))
}
