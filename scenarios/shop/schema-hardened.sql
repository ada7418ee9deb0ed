-- What makes doing it twice the same as doing it once: a unique index decides, not a look before the leap.
CREATE UNIQUE INDEX ON payments (key);
CREATE UNIQUE INDEX ON orders (order_id);
CREATE UNIQUE INDEX ON deliveries (order_id);
