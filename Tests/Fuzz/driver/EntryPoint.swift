import Fuzzing
import Glibc
import Reactor

/// An input is what a server sends to the driver in the text protocol, the only one that kindred uses.
/// (libmariadb 3.3 reads rows of the binary protocol without checking where a packet ends.)
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    var input = InputReader(UnsafeRawBufferPointer(start: start, count: count))
    let script = Script(&input)
    let before = lowestFreeDescriptor()
    run(script)
    expect(lowestFreeDescriptor() == before, "a descriptor is left open")
    return 0
}

private func run(_ script: Script) {
    guard let loop = try? EventLoop() else { return expect(false, "no loop") }
    let client = Client(loop, checksIdle: script.isCheckedIdle)
    client.start()
    let server = FakeServer(script, loop)
    client.onSilence = { server.sendNext() }
    loop.wait { client.isOver }
    expect(
        client.receivedBytes <= server.sentBytes,
        "\(client.receivedBytes) bytes of rows out of \(server.sentBytes)"
    )
}

private func lowestFreeDescriptor() -> Int32 {
    let descriptor = dup(ServerAddress.listener)
    close(descriptor)
    return descriptor
}
