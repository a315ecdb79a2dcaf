package import Relations

/// Where a catalog comes from.
package struct CatalogSource: Hashable, Sendable {
    /// The database's name, as the server writes it.
    package let database: String
    /// What the server says that it is: `MariaDB 10.11.19`.
    package let server: String
    /// What tells the server from others: `server_uuid` of a MySQL; of a MariaDB, a hash of its data
    /// directory, host name, port and `server_uid`; nil if it is not known.
    package let serverID: String?
    /// Another one as soon as `describe` tells anything else of a relationship. Daemons that tell the same
    /// have the same.
    package let schemaVersion: Fingerprint
    /// Another one as soon as the version of the schema, the database or the server is: what a load can ask
    /// for as `source_version`.
    package let version: Fingerprint

    package init(database: String, server: String, serverID: String?, catalog: Catalog) {
        self.database = database
        self.server = server
        self.serverID = serverID
        schemaVersion = Self.schemaVersion(of: catalog)
        version = Fingerprint(of: [schemaVersion.hexadecimal, database, serverID ?? ""])
    }

    private static func schemaVersion(of catalog: Catalog) -> Fingerprint {
        var version = Fingerprint()
        var output = ByteBuffer()
        for relationship in catalog.relationships {
            RelationshipDescription(relationship, included: []).write(to: &output)
            output.withBytes { version.combine($0) }
            output.removeAll(keepingCapacity: .max)
        }
        return version
    }
}

/// A hash that is the same in every process, unlike Swift's own: FNV-1a of 64 bits, which the protocol shows
/// as 16 hexadecimal digits. https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
package struct Fingerprint: Hashable, Sendable {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init() {}

    /// - Parameter texts: none of them has a zero byte.
    init(of texts: [String]) {
        for text in texts {
            (Array(text.utf8) + [0]).withUnsafeBytes { combine($0) }
        }
    }

    /// Reads 16 lower-case hexadecimal digits; nil if it is anything else.
    init?(_ digits: [UInt8]) {
        guard digits.count == 16 else { return nil }
        value = 0
        for byte in digits {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            value = value << 4 | UInt64(digit)
        }
    }

    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    package var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
