import Glibc
import Reactor
import Testing

@Suite struct OffloadTests {
    @Test func `work runs on another thread, and its result comes to the loop's`() throws {
        let loop = try EventLoop()
        let offload = try Offload<UInt>(loop)
        var worker: UInt?
        var receiver: UInt?
        offload.run {
            UInt(pthread_self())
        } then: { result in
            worker = try? result.get()
            receiver = UInt(pthread_self())
        }
        #expect(receiver == nil, "never within the call")
        loop.wait { receiver != nil }
        #expect(worker != nil && worker != receiver)
        #expect(receiver == UInt(pthread_self()))
    }

    @Test func `each result goes to the completion that was given with its work`() throws {
        let loop = try EventLoop()
        let offload = try Offload<Int>(loop)
        var results: [Int: Int] = [:]
        for number in 0..<50 {
            offload.run {
                number * number
            } then: {
                results[number] = try? $0.get()
            }
        }
        loop.wait { results.count == 50 }
        #expect(results.allSatisfy { $0.value == $0.key * $0.key })
    }
}
