/// Checks a property that must hold for every input. Where it does not, the fuzzer keeps the input and ends.
package func expect(_ holds: @autoclosure () -> Bool, _ message: @autoclosure () -> String) {
    precondition(holds(), message())
}

/// Returns bytes as text for a message.
package func shown(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).debugDescription
}
