-- The bookshop of `make demo`: the same tables and the same rows.
CREATE TABLE authors (
  id INT PRIMARY KEY, name VARCHAR(80) NOT NULL, country CHAR(2) NOT NULL, born DATE NULL);
CREATE TABLE author_profiles (
  id INT PRIMARY KEY, author_id INT NOT NULL UNIQUE, biography TEXT NOT NULL,
  FOREIGN KEY (author_id) REFERENCES authors (id));
CREATE TABLE books (
  id INT PRIMARY KEY, author_id INT NOT NULL, title VARCHAR(120) NOT NULL, price DECIMAL(8,2) NOT NULL,
  published DATE NULL, sold INT NOT NULL, isbn CHAR(13) CHARACTER SET ascii NOT NULL UNIQUE,
  FOREIGN KEY (author_id) REFERENCES authors (id));
CREATE TABLE tags (
  id INT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
CREATE TABLE book_tags (
  book_id INT NOT NULL, tag_id INT NOT NULL, PRIMARY KEY (book_id, tag_id),
  FOREIGN KEY (book_id) REFERENCES books (id), FOREIGN KEY (tag_id) REFERENCES tags (id));
CREATE TABLE customers (
  email VARCHAR(120) COLLATE utf8mb4_general_ci PRIMARY KEY, name VARCHAR(80) NOT NULL,
  joined DATETIME(3) NOT NULL);
CREATE TABLE reviews (
  id BIGINT PRIMARY KEY, book_id INT NOT NULL, customer_email VARCHAR(120) COLLATE utf8mb4_general_ci NOT NULL,
  reply_to_id BIGINT NULL, stars TINYINT UNSIGNED NULL, body TEXT NOT NULL, details JSON NULL,
  FOREIGN KEY (book_id) REFERENCES books (id), FOREIGN KEY (customer_email) REFERENCES customers (email),
  FOREIGN KEY (reply_to_id) REFERENCES reviews (id));
CREATE TABLE orders (
  year SMALLINT NOT NULL, number INT NOT NULL, customer_email VARCHAR(120) COLLATE utf8mb4_general_ci NOT NULL,
  placed TIMESTAMP NOT NULL DEFAULT '2024-01-01 00:00:00', PRIMARY KEY (year, number),
  FOREIGN KEY (customer_email) REFERENCES customers (email));
CREATE TABLE order_lines (
  order_year SMALLINT NOT NULL, order_number INT NOT NULL, line TINYINT NOT NULL, book_id INT NOT NULL,
  quantity INT NOT NULL, PRIMARY KEY (order_year, order_number, line),
  FOREIGN KEY (order_year, order_number) REFERENCES orders (year, number),
  FOREIGN KEY (book_id) REFERENCES books (id));
INSERT INTO authors SELECT seq, CONCAT(ELT(1 + seq % 7, 'Jane', 'Émile', 'Zoë', 'Søren', 'Toni', 'Jorge', 'Ursula'),
    ' ', ELT(1 + seq % 11, 'Austen', 'Zola', 'Ng', 'Lem', 'Brontë', 'Borges', 'Müller', 'Eco', 'O''Brien',
    'Morrison', 'Le Guin'), ' ', seq),
    ELT(1 + seq % 4, 'GB', 'FR', 'DE', 'US'), IF(seq % 9 = 0, NULL, '1920-01-01' + INTERVAL seq * 97 DAY)
  FROM JSON_TABLE(CONCAT('[',REPEAT('0,',199),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) numbers;
INSERT INTO author_profiles SELECT seq, seq, CONCAT('Author ', seq, ' writes.\nA lot.')
  FROM JSON_TABLE(CONCAT('[',REPEAT('0,',199),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) numbers WHERE seq % 3 > 0;
INSERT INTO books SELECT seq, 1 + seq * 7 % 190, CONCAT('Book "', seq, '" ', REPEAT('of books ', seq % 3)),
    5 + seq % 90 + 0.99, IF(seq % 13 = 0, NULL, '1990-01-01' + INTERVAL seq * 7 DAY), seq * 7919 % 5000,
    CONCAT('978', LPAD(seq, 10, '0'))
  FROM JSON_TABLE(CONCAT('[',REPEAT('0,',1499),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) numbers;
INSERT INTO tags SELECT seq, CONCAT('tag-', seq) FROM JSON_TABLE(CONCAT('[',REPEAT('0,',39),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) numbers;
INSERT INTO book_tags SELECT b.seq, t.seq FROM JSON_TABLE(CONCAT('[',REPEAT('0,',1499),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) b JOIN JSON_TABLE(CONCAT('[',REPEAT('0,',39),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) t
  WHERE (b.seq * 31 + t.seq * 17) % 13 = 0 AND b.seq % 10 > 0;
INSERT INTO customers SELECT CONCAT('Customer', seq, '@Example.com'), CONCAT('Customer ', seq),
    '2023-01-01 08:00:00.125' + INTERVAL seq HOUR
  FROM JSON_TABLE(CONCAT('[',REPEAT('0,',119),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) numbers;
INSERT INTO reviews SELECT seq, 1 + seq * 37 % 1500, CONCAT(IF(seq % 2, 'customer', 'CUSTOMER'),
    1 + seq % 120, '@example.com'), IF(seq % 5 = 0 AND seq > 100, seq % 100 + 1, NULL),
    IF(seq % 17 = 0, NULL, seq % 6), CONCAT('Review ', seq, ': ', REPEAT('good ', seq % 4), '😀'),
    IF(seq % 4 = 0, CONCAT('{"helpful": ', seq % 50, ',\n "words": ["a", "b"]}'), NULL)
  FROM JSON_TABLE(CONCAT('[',REPEAT('0,',3999),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) numbers;
INSERT INTO orders SELECT 2022 + y.seq, n.seq, CONCAT('customer', 1 + n.seq % 120, '@example.com'),
    '2024-02-03 04:05:06' + INTERVAL n.seq MINUTE
  FROM JSON_TABLE(CONCAT('[',REPEAT('0,',1),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) y JOIN JSON_TABLE(CONCAT('[',REPEAT('0,',149),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) n;
INSERT INTO order_lines SELECT 2022 + y.seq, n.seq, l.seq, 1 + (n.seq * 11 + l.seq) % 1500, l.seq
  FROM JSON_TABLE(CONCAT('[',REPEAT('0,',1),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) y JOIN JSON_TABLE(CONCAT('[',REPEAT('0,',149),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) n JOIN JSON_TABLE(CONCAT('[',REPEAT('0,',4),'0]'),'$[*]' COLUMNS(seq FOR ORDINALITY)) l
  WHERE l.seq <= n.seq % 6;
