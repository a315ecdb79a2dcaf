/// A property that every input must have. One that has not is a finding: the fuzzer keeps the input and ends.
package func expect(_ holds: @autoclosure () -> Bool, _ message: @autoclosure () -> String) {
    precondition(holds(), message())
}

/// The bytes as a message shows them.
package func shown(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).debugDescription
}
