import LineClient
import MariaDB
import PrivateServer
import Service
import TestSupport
import Testing

/// What the records of the metrics promise of a daemon without faults.
@Suite struct MetricExpectationTests {
    @Test func `metrics are 0 at rest as their records say, also after clients that have hung up`() throws {
        let shop = try BookshopFixture()
        let locker = try shop.server.client(database: shop.database)
        try locker.execute("LOCK TABLES books WRITE")
        var clients = try (1...8).map { _ in try shop.daemon.client() }
        for (number, client) in clients.enumerated() {
            try client.send(#"{"id":1,"load":"authors.books","keys":[\#(number + 1),2,3]}"#)
            try client.send(#"{"id":2,"load":"authors.books","key":"no key"}"#)
        }
        for name in ["waiting_requests", "keys_on_their_way", "in_flight"] {
            try eventually("\(name) is not 0 while loads wait") { try shop.daemon.stat(name) ?? 0 > 0 }
        }
        // Half of them hang up, the others read.
        clients.removeFirst(4)
        try locker.execute("UNLOCK TABLES")
        for client in clients { for _ in 1...2 { _ = try client.receive() } }
        let zeros = Metric.names(.alwaysZero) + Metric.names(.zeroAtRest)
        #expect(zeros.count >= 5)
        for name in zeros { try eventually("\(name) is 0") { try shop.daemon.stat(name) == 0 } }
        clients = []
        let bytes = Metric.names(.zeroWithoutClients)
        #expect(!bytes.isEmpty)
        for name in bytes { try eventually("\(name) is 0") { try shop.daemon.stat(name) == 0 } }
    }
}
