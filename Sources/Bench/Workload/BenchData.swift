import MariaDB

/// A million books of a hundred thousand authors, in two tables: in one the books of an author are scattered
/// over the table, in the other they lie side by side.
enum BenchData {
    static let authors = 100_000

    static let script = """
        CREATE TABLE authors (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, country CHAR(2) NOT NULL,
          born SMALLINT NOT NULL);
        INSERT INTO authors SELECT seq, CONCAT('Author ', seq), ELT(1 + seq MOD 4, 'de', 'en', 'fr', 'pl'),
          1900 + seq MOD 100 FROM \(numbers(to: authors));
        CREATE TABLE scattered (id INT PRIMARY KEY, author_id INT NOT NULL, title VARCHAR(60) NOT NULL,
          price DECIMAL(8,2) NOT NULL, published DATE NOT NULL);
        INSERT INTO scattered SELECT seq, 1 + seq * 7919 MOD \(authors), CONCAT('The book of number ', seq),
          seq MOD 5000 / 100, '1950-01-01' + INTERVAL seq MOD 25000 DAY FROM \(numbers(to: 10 * authors));
        ALTER TABLE scattered ADD KEY (author_id);
        ALTER TABLE scattered ADD FOREIGN KEY (author_id) REFERENCES authors (id);
        CREATE TABLE clustered (author_id INT NOT NULL, id INT NOT NULL, title VARCHAR(60) NOT NULL,
          price DECIMAL(8,2) NOT NULL, published DATE NOT NULL, PRIMARY KEY (author_id, id));
        INSERT INTO clustered SELECT 1 + (seq - 1) DIV 10, seq, CONCAT('The book of number ', seq),
          seq MOD 5000 / 100, '1950-01-01' + INTERVAL seq MOD 25000 DAY FROM \(numbers(to: 10 * authors));
        ALTER TABLE clustered ADD FOREIGN KEY (author_id) REFERENCES authors (id);
        ANALYZE TABLE authors, scattered, clustered;
        """

    /// The workloads without options, from the cheapest rows to the dearest.
    static let plainWorkloads = [
        (name: "by key", load: "scattered.author"),
        (name: "10 clustered rows", load: "authors.clustered"),
        (name: "10 scattered rows", load: "authors.scattered"),
    ]

    /// Workloads with the options that programs mostly give.
    static let workloadsWithOptions = [
        (
            name: "by key, three columns",
            load: #"{"load":"scattered.author","columns":["id","name","country"]}"#
        ),
        (
            name: "3 of 10 rows, two columns",
            load: #"{"load":"authors.clustered","columns":["id","title"],"limit":3}"#
        ),
        (
            name: "3 of 10 rows, each with its author",
            load: #"{"load":"authors.clustered","columns":["id"],"limit":3,"include":{"author":{}}}"#
        ),
    ]
}
