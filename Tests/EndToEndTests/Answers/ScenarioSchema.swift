import TestSupport

/// The tables of scenarios that other loaders of relationships are known to get wrong.
enum ScenarioSchema {
    static let script = """
        SET foreign_key_checks = 0;
        CREATE TABLE reporters (id INT PRIMARY KEY);
        CREATE TABLE articles (id INT PRIMARY KEY, reporter_id INT, FOREIGN KEY (reporter_id) REFERENCES reporters (id));
        CREATE TABLE passes (id INT PRIMARY KEY, reporter_id INT UNIQUE, FOREIGN KEY (reporter_id) REFERENCES reporters (id));
        CREATE TABLE pets (id INT PRIMARY KEY);
        CREATE TABLE reporters_pets (reporter_id INT, pet_id INT, PRIMARY KEY (reporter_id, pet_id),
          FOREIGN KEY (reporter_id) REFERENCES reporters (id), FOREIGN KEY (pet_id) REFERENCES pets (id));
        INSERT INTO reporters VALUES (1), (2), (10); INSERT INTO articles VALUES (1,1), (2,1), (3,2), (4,2), (5,42), (6,NULL);
        INSERT INTO passes VALUES (7,1), (8,2); INSERT INTO pets VALUES (1), (2), (3);
        INSERT INTO reporters_pets VALUES (1,2), (1,1), (2,3);

        CREATE TABLE ranks (id INT PRIMARY KEY, reporter INT, `rank` INT); INSERT INTO ranks VALUES (1,1,5), (2,1,9);

        CREATE TABLE names (name VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY);
        CREATE TABLE uses (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_general_ci, FOREIGN KEY (name) REFERENCES names (name));
        INSERT INTO names VALUES ('Bob'), ('zoë'), ('Pad'), ('none');
        INSERT INTO uses VALUES (1,'Bob'), (2,'bob'), (3,'BOB'), (4,'zoe'), (5,'Pad   '), (6,NULL), (7,'ZOË');

        CREATE TABLE exact (k VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY);
        CREATE TABLE exacts (id INT PRIMARY KEY, k VARCHAR(20) COLLATE utf8mb4_bin, FOREIGN KEY (k) REFERENCES exact (k));
        INSERT INTO exact VALUES ('A'), ('a'), ('😀'), ('😁'), (''), ('0'), ('a''b'), ('a\\\\b'), ('a\\nb'), ('%s'), ('?'),
          (CONCAT(CHAR(0), 'z')), ('é'), ('e\u{301}');
        INSERT INTO exacts SELECT ROW_NUMBER() OVER (ORDER BY HEX(k)), k FROM exact;
        CREATE TABLE faces (id INT PRIMARY KEY, k VARCHAR(20) COLLATE utf8mb4_general_ci, KEY (k)); INSERT INTO faces VALUES (1,'😀');

        CREATE TABLE bigs (k BIGINT UNSIGNED PRIMARY KEY);
        CREATE TABLE big_kids (id INT PRIMARY KEY, k BIGINT UNSIGNED, FOREIGN KEY (k) REFERENCES bigs (k));
        INSERT INTO bigs VALUES (9007199254740992), (9007199254740993), (18446744073709551615), (0);
        INSERT INTO big_kids VALUES (1,9007199254740992), (2,9007199254740993), (3,18446744073709551615), (4,0);
        CREATE TABLE prices (p DECIMAL(10,2) PRIMARY KEY); CREATE TABLE priced (id INT PRIMARY KEY, p DECIMAL(10,4), KEY (p));
        INSERT INTO prices VALUES (1.50); INSERT INTO priced VALUES (1,1.5), (2,1.5001);
        CREATE TABLE days (d DATE PRIMARY KEY); CREATE TABLE moments (id INT PRIMARY KEY, d DATETIME, KEY (d));
        INSERT INTO days VALUES ('2020-01-01'); INSERT INTO moments VALUES (1,'2020-01-01 00:00:00'), (2,'2020-01-01 12:00:00');
        CREATE TABLE ticks (id INT PRIMARY KEY, t DATETIME(6), KEY (t));
        INSERT INTO ticks VALUES (1,'2020-01-01 00:00:00.000000'), (2,'2020-01-01 00:00:00.000001');
        CREATE TABLE padded (b BINARY(4) PRIMARY KEY); CREATE TABLE raw (id INT PRIMARY KEY, b VARBINARY(4), KEY (b));
        INSERT INTO padded VALUES (x'61620000'); INSERT INTO raw VALUES (1,x'6162'), (2,x'61620000');
        \(SharedServer.has("UUID") ? uuids : "")
        CREATE TABLE enums (id INT PRIMARY KEY, e ENUM('a','b','1'), KEY (e)); INSERT INTO enums VALUES (1,'a'), (2,NULL), (3,'1');

        CREATE TABLE ka (a INT, b INT, PRIMARY KEY (a, b));
        CREATE TABLE kb (id INT PRIMARY KEY, a INT, b INT, FOREIGN KEY (a, b) REFERENCES ka (a, b));
        INSERT INTO ka VALUES (1,1), (1,2), (2,1), (2,2);
        INSERT INTO kb VALUES (1,1,1), (2,1,2), (3,2,1), (4,NULL,2), (5,2,NULL), (6,NULL,NULL), (7,1,1);

        CREATE TABLE b (id INT PRIMARY KEY, active INT); CREATE TABLE ab (a_id INT, b_id INT, KEY (a_id));
        CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1), (2), (3); INSERT INTO b VALUES (1,1), (2,0), (3,1);
        INSERT INTO ab VALUES (1,1), (1,1), (1,2), (2,1), (NULL,1), (1,NULL), (2,3);

        CREATE TABLE tree (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES tree (id));
        INSERT INTO tree VALUES (1,NULL), (2,1), (3,1), (4,2), (5,4);

        CREATE TABLE mails (id INT PRIMARY KEY, email VARCHAR(40) COLLATE utf8mb4_general_ci UNIQUE);
        CREATE TABLE logins (id INT PRIMARY KEY, email VARCHAR(40) COLLATE utf8mb4_general_ci, FOREIGN KEY (email) REFERENCES mails (email));
        INSERT INTO mails VALUES (1,'ann@x'), (2,'Bob@x'), (3,NULL); INSERT INTO logins VALUES (1,'ANN@X'), (2,'ann@x'), (3,'bob@X'), (4,NULL);

        CREATE TABLE ordered (id INT PRIMARY KEY, p INT, `rank` INT, KEY (p)); INSERT INTO ordered VALUES (1,1,5), (2,1,NULL), (3,1,9), (4,1,NULL);

        CREATE TABLE s7 (id INT PRIMARY KEY); CREATE TABLE s7b (id INT PRIMARY KEY, s7_id INT, FOREIGN KEY (s7_id) REFERENCES s7 (id));
        CREATE TABLE s7c (id INT PRIMARY KEY, s7b_id INT, ok INT, FOREIGN KEY (s7b_id) REFERENCES s7b (id));
        INSERT INTO s7 VALUES (1), (2); INSERT INTO s7b VALUES (1,1), (2,1), (3,2); INSERT INTO s7c VALUES (1,1,1), (2,2,0), (3,2,1);

        CREATE TABLE users (id INT PRIMARY KEY);
        CREATE TABLE posts (id INT PRIMARY KEY, user_id INT, made INT, FOREIGN KEY (user_id) REFERENCES users (id), KEY (user_id, made DESC));
        CREATE TABLE likes (user_id INT, post_id INT, PRIMARY KEY (user_id, post_id), FOREIGN KEY (user_id) REFERENCES users (id),
          FOREIGN KEY (post_id) REFERENCES posts (id));
        INSERT INTO users VALUES (1), (2), (3); INSERT INTO posts VALUES (1,1,1), (2,1,2), (3,1,3), (4,2,1), (5,2,2), (6,2,2);
        INSERT INTO likes VALUES (1,1), (1,2), (1,3), (2,4), (2,5), (2,6);

        CREATE TABLE base (id INT PRIMARY KEY, owner INT); CREATE TABLE sub (id INT PRIMARY KEY, extra INT);
        INSERT INTO base VALUES (1,1), (2,1); INSERT INTO sub VALUES (2,20);
        CREATE VIEW whole AS SELECT base.id, owner, extra FROM base LEFT JOIN sub ON sub.id = base.id;
        CREATE TABLE heap (owner INT, x INT, KEY (owner)); INSERT INTO heap VALUES (1,1), (1,1), (2,2);
        CREATE TABLE numbers (id INT PRIMARY KEY); CREATE TABLE texts (id INT PRIMARY KEY, number VARCHAR(10), KEY (number));
        INSERT INTO numbers VALUES (1); INSERT INTO texts VALUES (1,'1'), (2,'01'), (3,'1abc');
        CREATE TABLE comments (id INT PRIMARY KEY, owner_type VARCHAR(10), owner_id INT, KEY (owner_type, owner_id));
        INSERT INTO comments VALUES (1,'user',1), (2,'post',1), (3,'user',2), (4,'USER',1), (5,NULL,1);
        """

    private static let uuids = """
        CREATE TABLE uuids (id INT PRIMARY KEY, u UUID, KEY (u));
        INSERT INTO uuids VALUES (1,'123e4567-e89b-12d3-a456-426655440000');
        """

    /// The relationships that no foreign key declares.
    static let relationships = [
        relationshipTOML("reporters.rank", from: "reporters.id", to: "ranks.reporter", kind: "one"),
        relationshipTOML(
            "reporters.top", from: "reporters.id", to: "ranks.reporter", kind: "one", "order = [\"-rank\"]"),
        relationshipTOML("exact.faces", from: "exact.k", to: "faces.k"),
        relationshipTOML("prices.priced", from: "prices.p", to: "priced.p"),
        relationshipTOML("priced.price", from: "priced.p", to: "prices.p", kind: "one"),
        relationshipTOML("days.moments", from: "days.d", to: "moments.d"),
        relationshipTOML("ticks.same", from: "ticks.t", to: "ticks.t"),
        relationshipTOML("padded.raw", from: "padded.b", to: "raw.b"),
        relationshipTOML("raw.raw", from: "raw.b", to: "raw.b"),
        SharedServer.has("UUID") ? relationshipTOML("uuids.same", from: "uuids.u", to: "uuids.u") : "",
        relationshipTOML("enums.same", from: "enums.e", to: "enums.e"),
        relationshipTOML("a.b", from: "a.id", to: "b.id", through("ab", "a_id", "b_id")),
        relationshipTOML(
            "a.distinct_b", from: "a.id", to: "b.id", through("ab", "a_id", "b_id"), "distinct = true"),
        relationshipTOML(
            "a.active", from: "a.id", to: "b.id", through("ab", "a_id", "b_id"), "distinct = true",
            "fixed = { \"b.active\" = 1 }"),
        relationshipTOML(
            "a.other", from: "a.id", to: "b.id", through("ab", "a_id", "b_id"), "fixed = { \"ab.b_id\" = 3 }"),
        relationshipTOML("reporters.ordered", from: "reporters.id", to: "ordered.p"),
        relationshipTOML("s7.cs", from: "s7.id", to: "s7c.s7b_id", through("s7b", "s7_id", "id")),
        relationshipTOML(
            "users.liked", from: "users.id", to: "posts.id", through("likes", "user_id", "post_id"),
            "order = [\"-made\"]"),
        relationshipTOML(
            "users.authors", from: "users.id", to: "users.id",
            "through = [{ table = \"likes\", from = \"user_id\", to = \"post_id\" }, { table = \"posts\", from = \"id\", to = \"user_id\" }]"
        ),
        relationshipTOML("users.whole", from: "users.id", to: "whole.owner"),
        relationshipTOML("users.heap", from: "users.id", to: "heap.owner"),
        relationshipTOML(
            "users.comments", from: "users.id", to: "comments.owner_id",
            "fixed = { \"comments.owner_type\" = \"user\" }"),
        relationshipTOML(
            "posts.comments", from: "posts.id", to: "comments.owner_id",
            "fixed = { \"comments.owner_type\" = \"post\" }"),
    ].joined(separator: "\n")

    private static func through(_ table: String, _ from: String, _ to: String) -> String {
        "through = { table = \"\(table)\", from = \"\(from)\", to = \"\(to)\" }"
    }
}
