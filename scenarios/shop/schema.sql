-- What both editions have.
CREATE TABLE users (name text PRIMARY KEY);
INSERT INTO users VALUES ('ada');

CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price int NOT NULL);
INSERT INTO items SELECT n, 'item ' || n, 100 + n FROM generate_series(1, 10000) n;

CREATE TABLE payments (key text, order_id text NOT NULL, amount int NOT NULL, done boolean NOT NULL DEFAULT false);
CREATE TABLE orders (order_id text NOT NULL, sent boolean NOT NULL DEFAULT false);
CREATE TABLE deliveries (order_id text NOT NULL);

-- The payment provider's own book.
CREATE TABLE charges (key text PRIMARY KEY, order_id text NOT NULL, amount int NOT NULL);
