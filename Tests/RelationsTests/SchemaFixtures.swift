import Relations

let bigint = ColumnType.integer(bits: 64, signed: true, zerofill: false)

func column(_ name: String, _ type: ColumnType = bigint) -> Column {
    Column(name: name, type: type, declaration: "\(type)", isNullable: false)
}

/// A table whose columns are all `BIGINT`.
func table(_ name: String, _ columns: [String], key: [String] = ["id"], unique: [[String]] = []) -> Table {
    Table(
        name: name, columns: columns.map { column($0) }, primaryKey: key,
        uniqueKeys: (key.isEmpty ? [] : [key]) + unique
    )
}

func foreignKey(_ child: String, _ columns: [String], _ parent: String, _ parentColumns: [String] = ["id"])
    -> ForeignKey
{
    ForeignKey(child: child, childColumns: columns, parent: parent, parentColumns: parentColumns)
}

func schema(_ tables: [Table], _ foreignKeys: [ForeignKey]) -> Schema {
    Schema(database: "shop", tables: tables, foreignKeys: foreignKeys, dialect: .mariaDB)
}

func discover(_ tables: [Table], _ foreignKeys: [ForeignKey]) -> [String: Relationship] {
    let found = Discovery.relationships(of: schema(tables, foreignKeys))
    return Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}
