import TestSupport

/// A valid schema with everything that is hard to handle: extreme values of every key type, and odd names.
enum HostileSchema {
    static var script: String {
        "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00', foreign_key_checks = 1;\n"
            + single.map(pair).joined() + named + shapes + "SET sql_mode = DEFAULT;\n"
    }

    /// A parent and a child table for one key type; `spellings` are further values of children that equal a
    /// parent's under the collation.
    struct Single {
        let name: String
        let type: String
        let values: [String]
        var spellings: [String] = []
    }

    // CREATE TABLE p_x (id INT PRIMARY KEY AUTO_INCREMENT, k TYPE NULL, UNIQUE (k));
    // CREATE TABLE c_x (…, FOREIGN KEY (k_id) REFERENCES p_x (k)); INSERT …
    private static func pair(_ key: Single) -> String {
        let values = key.values + ["NULL"]
        let children = values + key.values.suffix(3) + key.spellings
        return """
            CREATE TABLE p_\(key.name) (id INT PRIMARY KEY AUTO_INCREMENT, k \(key.type) NULL, UNIQUE (k));
            CREATE TABLE c_\(key.name) (id INT PRIMARY KEY AUTO_INCREMENT, k_id \(key.type) NULL,
              FOREIGN KEY (k_id) REFERENCES p_\(key.name) (k));
            INSERT INTO p_\(key.name) (k) VALUES \(values.map { "(\($0))" }.joined(separator: ", "));
            INSERT INTO c_\(key.name) (k_id) VALUES \(children.map { "(\($0))" }.joined(separator: ", "));

            """
    }

    /// No two of these are equal in any collation used here.
    private static let texts = [
        "''", "'Bob'", "'o''quote'", "'back\\\\slash'", "'double\"quote'", "'new\\nline'", "'tab\\tend'",
        "'%s ?'",
        "'0'", "'zoë'", "'straße'", "'-1'", "'NULL'", "'[1]'", "'{\"a\":1}'",
    ]
    private static let unicode =
        texts + [
            "CONCAT('line', CHAR(0xE280A8 USING utf8mb4), 'sep')", "'日本'", "'x😀y'", "'שלום'", "'\u{7F}del'",
        ]
    private static let plain = ["''", "'Bob'", "'o''quote'", "'back\\\\slash'", "'new\\nline'", "'0'", "'%'"]
    private static let caseSpellings = ["'BOB'", "'bOb '", "'ZOE'", "'ZOË  '", "'X😀Y'"]

    static let single = all.filter { SharedServer.has($0.type) }

    private static let all: [Single] = [
        Single(
            name: "ubig", type: "BIGINT UNSIGNED",
            values: [
                "0", "1", "9007199254740993", "9223372036854775808", "18446744073709551614",
                "18446744073709551615",
            ]),
        Single(
            name: "sbig", type: "BIGINT", values: ["-9223372036854775808", "-1", "0", "9223372036854775807"]),
        Single(name: "sint", type: "INT", values: ["-2147483648", "-7", "0", "2147483647"]),
        Single(name: "tiny", type: "TINYINT", values: ["-128", "-1", "0", "127"]),
        Single(name: "medium", type: "MEDIUMINT UNSIGNED", values: ["0", "16777215"]),
        Single(name: "zerofill", type: "INT(8) UNSIGNED ZEROFILL", values: ["0", "7", "4294967295"]),
        Single(name: "year", type: "YEAR", values: ["0", "1901", "1970", "2155"]),
        Single(name: "bit", type: "BIT(10)", values: ["0", "1", "255", "512", "1023"]),
        Single(name: "bits", type: "BIT(64)", values: ["0", "9223372036854775808", "18446744073709551615"]),
        Single(
            name: "decimal", type: "DECIMAL(20,4)",
            values: ["0", "-1.5", "1.0001", "9999999999999999.9999", "-0.0001"]),
        Single(
            name: "wide_decimal", type: "DECIMAL(65,30)",
            values: ["0", "-0.000000000000000000000000000001", "12345678901234567890123456789012345.5"]),
        Single(
            name: "float", type: "FLOAT",
            values: ["0", "0.1", "-1.5", "16777216", "3.4028e38", "1e-30", "1234567.9"]),
        Single(
            name: "double", type: "DOUBLE",
            values: ["0", "0.1", "-1.5", "1e300", "5e-300", "9007199254740993", "0.30000000000000004"]),
        Single(
            name: "date", type: "DATE",
            values: ["'0000-00-00'", "'2020-00-00'", "'1000-01-01'", "'2024-02-29'", "'9999-12-31'"]),
        Single(
            name: "datetime", type: "DATETIME(3)",
            values: [
                "'0000-00-00'", "'2020-01-01'", "'2020-01-01 00:00:00.001'", "'9999-12-31 23:59:59.999'",
            ]),
        Single(name: "datetime0", type: "DATETIME", values: ["'2020-01-01'", "'2020-01-01 00:00:01'"]),
        Single(
            name: "timestamp", type: "TIMESTAMP(2)",
            values: [
                "'0000-00-00'", "'1970-01-01 00:00:01'", "'2024-03-31 01:30:00.25'",
                "'2038-01-19 03:14:07.99'",
            ]),
        Single(
            name: "time", type: "TIME(1)",
            values: ["'00:00:00'", "'-838:59:59.9'", "'838:59:59.9'", "'10:00:00.5'", "'-00:00:00.1'"]),
        Single(
            name: "general", type: "VARCHAR(40) COLLATE utf8mb4_general_ci", values: unicode,
            spellings: caseSpellings),
        Single(
            name: "unicode", type: "VARCHAR(40) COLLATE utf8mb4_unicode_ci", values: unicode,
            spellings: caseSpellings + ["'STRASSE'"]),
        Single(
            name: "bin", type: "VARCHAR(40) COLLATE utf8mb4_bin",
            values: unicode + ["'bob'", "'e\u{301}'", "'é'", "CONCAT('n', CHAR(0), 'ul')"],
            spellings: ["'Bob  '"]),
        Single(
            name: "nopad", type: "VARCHAR(40) COLLATE \(SharedServer.noPadBinaryCollation)",
            values: unicode + ["'bob'", "'Bob '", "'e\u{301}'", "'é'", "'😁'", "CONCAT(CHAR(0), 'z')"]),
        Single(
            name: "uca1400", type: "VARCHAR(40) COLLATE utf8mb4_uca1400_ai_ci", values: unicode,
            spellings: caseSpellings + ["'STRASSE'"]),
        Single(
            name: "uca900", type: "VARCHAR(40) COLLATE utf8mb4_0900_ai_ci", values: unicode,
            spellings: ["'BOB'", "'ZOE'", "'X😀Y'", "'STRASSE'"]),
        Single(
            name: "swedish", type: "VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
            values: texts, spellings: ["'BOB'", "'bob  '"]),
        Single(
            name: "utf8mb3", type: "VARCHAR(40) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci",
            values: texts + ["'日本'"], spellings: ["'BOB'"]),
        Single(name: "ascii", type: "VARCHAR(40) CHARACTER SET ascii", values: plain, spellings: ["'bob '"]),
        Single(
            name: "char", type: "CHAR(12) COLLATE utf8mb4_general_ci",
            values: unicode.filter { !$0.contains("CONCAT") }, spellings: ["'BOB'"]),
        Single(
            name: "enum", type: "ENUM('a','B b','it''s','1','é')",
            values: ["'a'", "'B b'", "'it''s'", "'1'", "'é'"]),
        Single(name: "set", type: "SET('x','y z','q')", values: ["''", "'x'", "'x,y z'", "'q'"]),
        Single(
            name: "binary", type: "BINARY(4)",
            values: ["X'00000000'", "X'61620000'", "X'FFFEFDFC'", "X'27225C0A'"]),
        Single(
            name: "varbinary", type: "VARBINARY(20)",
            values: ["X''", "X'00'", "X'0000'", "X'6162'", "X'616200'", "X'6162202027'", "X'FF'", "X'C328'"]),
        Single(
            name: "uuid", type: "UUID",
            values: [
                "'00000000-0000-0000-0000-000000000000'", "'123e4567-e89b-12d3-a456-426655440000'",
                "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
            ]),
        Single(
            name: "inet6", type: "INET6",
            values: ["'::'", "'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'"]),
        Single(name: "inet4", type: "INET4", values: ["'0.0.0.0'", "'192.0.2.1'", "'255.255.255.255'"]),
    ]

    /// Tables whose names have quotes, blanks and other characters that must be quoted.
    private static let named = [
        "a b", "q'uote", "back`tick", "dot.ted", "select", "sn☃w", "-minus", "dou\"ble", "ba\\ck",
    ]
    .map { name in
        let table = "`" + name.replacing("`", with: "``") + "`"
        let column = "`" + ("c " + name).replacing("`", with: "``") + "`"
        let child = "`" + (name + " kid").replacing("`", with: "``") + "`"
        return """
            CREATE TABLE \(table) (\(table) INT PRIMARY KEY, \(column) VARCHAR(20));
            CREATE TABLE \(child) (`-id` INT PRIMARY KEY, \(column) INT, FOREIGN KEY (\(column)) REFERENCES \(table) (\(table)));
            INSERT INTO \(table) VALUES (1, 'one'), (2, NULL), (-3, '\\\\');
            INSERT INTO \(child) VALUES (1, 1), (2, 1), (-3, -3), (4, NULL);

            """
    }.joined()

    private static let shapes = """
        CREATE TABLE wide (a INT, b VARCHAR(20) COLLATE utf8mb4_general_ci, c DATE, note VARCHAR(20), PRIMARY KEY (a, b, c));
        CREATE TABLE wide_kids (id INT PRIMARY KEY, x INT NULL, y VARCHAR(20) COLLATE utf8mb4_general_ci NULL, z DATE NULL,
          FOREIGN KEY (x, y, z) REFERENCES wide (a, b, c));
        INSERT INTO wide VALUES (1,'a','2020-01-01','p'), (1,'b','2020-01-01','q'), (2,'a','2020-01-01','r'),
          (2,'b','2020-01-02','s'), (2,'','2020-01-02','t'), (2,'a,b','2020-01-02',NULL);
        INSERT INTO wide_kids VALUES (1,1,'a','2020-01-01'), (2,1,'A ','2020-01-01'), (3,1,'b','2020-01-01'),
          (4,2,'B','2020-01-02'), (5,2,NULL,'2020-01-02'), (6,NULL,'a','2020-01-01'), (7,NULL,NULL,NULL), (8,2,'A,b','2020-01-02');
        CREATE TABLE tree (id INT PRIMARY KEY, parent_id INT NULL, FOREIGN KEY (parent_id) REFERENCES tree (id));
        INSERT INTO tree VALUES (1,NULL),(2,1),(3,1),(4,2),(5,5);
        CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(40) COLLATE utf8mb4_general_ci UNIQUE);
        INSERT INTO people VALUES (1,'Ann@x'),(2,'bob@X'),(3,NULL);
        CREATE TABLE letters (id INT PRIMARY KEY, sender_id INT, receiver_id INT, reply_email VARCHAR(40) COLLATE utf8mb4_general_ci,
          FOREIGN KEY (sender_id) REFERENCES people (id), FOREIGN KEY (receiver_id) REFERENCES people (id),
          FOREIGN KEY (reply_email) REFERENCES people (email));
        INSERT INTO letters VALUES (1,1,2,'ANN@X'),(2,2,1,'ann@x'),(3,1,1,NULL),(4,NULL,3,'BOB@x');
        CREATE TABLE follows (who_id INT, whom_id INT, since DATE, PRIMARY KEY (who_id, whom_id),
          FOREIGN KEY (who_id) REFERENCES people (id), FOREIGN KEY (whom_id) REFERENCES people (id));
        INSERT INTO follows VALUES (1,2,NULL),(1,3,NULL),(2,1,'2020-01-01'),(3,3,NULL);
        CREATE TABLE wide_people (a INT, b VARCHAR(20) COLLATE utf8mb4_general_ci, c DATE, person_id INT, PRIMARY KEY (a, b, c, person_id),
          FOREIGN KEY (a, b, c) REFERENCES wide (a, b, c), FOREIGN KEY (person_id) REFERENCES people (id));
        INSERT INTO wide_people VALUES (1,'A','2020-01-01',1),(1,'a','2020-01-01',2),(2,'b','2020-01-02',1);
        CREATE TABLE badges (id INT PRIMARY KEY, person_id INT UNIQUE, text TEXT, FOREIGN KEY (person_id) REFERENCES people (id));
        INSERT INTO badges VALUES (1,1,REPEAT('long ', 9000)),(2,NULL,''),(3,3,NULL);
        CREATE TABLE heap (person_id INT, doc JSON, raw LONGBLOB, place POINT, ratio FLOAT, big DECIMAL(30,10), e ENUM('a'), b BIT(1),
          at TIMESTAMP(6) NULL, y YEAR, FOREIGN KEY (person_id) REFERENCES people (id));
        INSERT INTO heap VALUES (1,'{"a": [1, 2.50, null, "\\\\u00e9\\\\n"],\\n "b": {}}',X'00FF0A',POINT(1,2),0.1,1,'a',b'1','2020-01-01 00:00:00.000001',2020),
          (1,'[]',REPEAT('x',100),NULL,-16777216,-0.5,NULL,b'0',NULL,0), (1,'[]',REPEAT('x',100),NULL,-16777216,-0.5,NULL,b'0',NULL,0),
          (3,'"text"','',NULL,1e30,NULL,'a',NULL,NULL,NULL), (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);

        """
}
