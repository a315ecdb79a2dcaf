import Foundation
import LineClient

/// One client of the burst: everything it sends, it sends before it reads a reply.
struct Burst: Sendable {
    let address: LineClient.Address
    let number: Int
    let loads: Int

    /// Nil, or what went wrong.
    func run() -> String? {
        do {
            let client = try LineClient(address)
            let lines = (0..<loads).map(request).joined(separator: "\n") + "\n"
            try client.send(Array(lines.utf8))
            for _ in 0..<loads {
                guard let reply = try client.receive() else {
                    return "client \(number): the connection was closed"
                }
                if reply.contains(#""error""#) { return "client \(number): \(reply)" }
            }
            return nil
        } catch {
            return "client \(number): \(error)"
        }
    }

    // {"id":3,"load":"authors.books","key":64}
    private func request(_ load: Int) -> String {
        let key = number * loads + load
        switch load % 4 {
        case 0: return #"{"id":\#(load),"load":"authors.books","key":\#(1 + key % Bookshop.authors)}"#
        case 1: return #"{"id":\#(load),"load":"books.tags","key":\#(1 + key % Bookshop.books)}"#
        case 2: return #"{"id":\#(load),"load":"books.reviews","key":\#(1 + key % Bookshop.books)}"#
        default:
            return
                #"{"id":\#(load),"load":"customers.orders","key":"customer\#(1 + key % Bookshop.customers)@example.com"}"#
        }
    }
}

/// A thread that runs at once and can be waited for.
final class Worker: Sendable {
    private let finished = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        Thread { [finished] in
            body()
            finished.signal()
        }.start()
    }

    func join() { finished.wait() }
}
