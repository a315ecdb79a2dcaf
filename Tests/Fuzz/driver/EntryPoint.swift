func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 { 0 }
