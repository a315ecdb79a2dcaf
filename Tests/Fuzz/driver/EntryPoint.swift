import Fuzzing
import Glibc
import Reactor

/// An input is what a server says to the driver, in the text protocol, which is the one that kindred serves from: rows of
/// the binary one, libmariadb 3.3 reads without looking where a packet ends.
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    var input = InputReader(UnsafeRawBufferPointer(start: start, count: count))
    let script = Script(&input)
    let before = lowestFreeDescriptor()
    converse(script)
    expect(lowestFreeDescriptor() == before, "a descriptor is left open")
    return 0
}

private func converse(_ script: Script) {
    guard let loop = try? EventLoop() else { return expect(false, "no loop") }
    let client = Client(loop, looksBetween: script.isLookedAt)
    client.start()
    let server = FakeServer(script, loop)
    client.onSilence = { server.goOn() }
    loop.wait { client.isOver }
    expect(
        client.takenBytes <= server.sentBytes, "\(client.takenBytes) bytes of rows out of \(server.sentBytes)"
    )
}

private func lowestFreeDescriptor() -> Int32 {
    let descriptor = dup(Place.listener)
    close(descriptor)
    return descriptor
}
