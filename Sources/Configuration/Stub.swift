import Foundation
package import Relations
import TOMLKit

package struct Settings: Sendable {
    package struct Listen: Sendable {
        package var unix: String?; package var mode: UInt32 = 0o660; package var group: String?;
        package var tcp: (host: String, port: UInt16)?; package var maxClients = 10000
    }
    package struct Database: Sendable {
        package var socket: String?; package var host: String?; package var port: UInt16 = 3306;
        package var user = ""; package var password = ""; package var name = ""; package var connections = 4;
        package var connectTimeoutSeconds = 5; package var statementTimeoutSeconds = 30
    }
    package struct Batching: Sendable {
        package var windowMilliseconds = 1.0; package var maxKeys = 500; package var maxQueuedKeys = 1_000_000
    }
    package struct Limits: Sendable {
        package var lineBytes = 1 << 20; package var requestKeys = 10000; package var replyBytes = 64 << 20;
        package var requestTimeoutSeconds = 30
    }
    package struct Values: Sendable { package var bigIntegersAsStrings = false }
    package struct Catalog: Sendable { package var discover = true; package var refreshSeconds = 5 }
    package struct Service: Sendable { package var drainTimeoutSeconds = 30; package var logLevel = "info" }
    package var listen = Listen(), database = Database(), batching = Batching(), limits = Limits(),
        values = Values(), catalog = Catalog(), service = Service()
    package var relationships: [ExplicitRelationship] = []
    package func unreloadableChanges(since old: Settings) -> [String] { [] }
    package static func read(_ path: String) throws -> Settings {
        let t = try TOMLTable(string: String(contentsOfFile: path, encoding: .utf8))
        var s = Settings()
        s.listen.unix = t["listen"]?["unix"]?.string
        if let tcp = t["listen"]?["tcp"]?.string {
            let p = tcp.split(separator: ":"); s.listen.tcp = (String(p[0]), UInt16(p[1])!)
        }
        s.database.socket = t["database"]?["socket"]?.string
        s.database.user = t["database"]?["user"]?.string ?? ""
        s.database.name = t["database"]?["name"]?.string ?? ""
        s.database.connections = t["database"]?["connections"]?.int ?? 4
        return s
    }
}
