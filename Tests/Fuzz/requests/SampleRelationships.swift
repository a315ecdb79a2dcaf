import Relations

/// Relationships for keys and options: one for each type that a key may have, and one with a composite key.
enum SampleRelationships {
    private static let relationships: [Relationship] =
        types.map { relationship([column("k", $0)]) } + [
            relationship([column("k", types[0]), column("m", text("utf8mb4"))])
        ]

    static func relationship(_ number: UInt8) -> Relationship {
        relationships[Int(number) % relationships.count]
    }

    private static let types: [ColumnType] = [
        .integer(bits: 8, signed: true, zerofill: false), .integer(bits: 64, signed: false, zerofill: false),
        .year, .bit(width: 7), .decimal(precision: 8, scale: 2, unsigned: false),
        .decimal(precision: 3, scale: 3, unsigned: true), .float, .double, .date, .time(fraction: 3),
        .datetime(fraction: 0), .timestamp(fraction: 6), text("utf8mb4"), text("latin1"),
        .enumeration(charset: "utf8mb4", collation: "utf8mb4_general_ci"),
        .set(charset: "latin1", collation: "latin1_swedish_ci"), .binary(length: 16), .uuid, .inet4, .inet6,
    ]

    private static func text(_ charset: String) -> ColumnType {
        .text(length: 80, charset: charset, collation: charset + "_bin")
    }

    private static func column(_ name: String, _ type: ColumnType) -> Column {
        Column(name: name, type: type, declaration: "\(type)", isNullable: true)
    }

    /// Returns a relationship with such a key, whose rows show the key, an `id` and a text.
    private static func relationship(_ key: [Column]) -> Relationship {
        let id = column("id", .integer(bits: 32, signed: true, zerofill: false))
        let table = Table(
            name: "rows", columns: [id, column("t", text("utf8mb4"))] + key, primaryKey: ["id"],
            uniqueKeys: [])
        let parent = Table(name: "parents", columns: [id] + key, primaryKey: ["id"], uniqueKeys: [])
        return Relationship(
            name: "parents.rows", kind: .many, parent: .init(parent), key: key, matchedColumns: key,
            to: table, dialect: .mariaDB)
    }
}
