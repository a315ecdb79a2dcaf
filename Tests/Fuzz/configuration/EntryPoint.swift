import Configuration
import Fuzzing

/// An input is the text of a configuration file.
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    // Bytes that are not UTF-8 are refused before the file is parsed. A password file could be an endless
    // device.
    guard let source = String(validating: bytes, as: UTF8.self), !source.contains("/dev"),
        !source.contains("/proc")
    else { return -1 }
    ReadingCheck(source).run()
    return 0
}
