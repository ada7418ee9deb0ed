"""What takes orders from the queue (a Redis stream) and delivers them: a row in `deliveries` is a parcel on its way."""
import json
import sys
import time

import psycopg2
import redis

import config


def log(event, **fields):
    sys.stdout.write(json.dumps({"time": round(time.time(), 3), "event": event, **fields}) + "\n")
    sys.stdout.flush()


def deliver(order):
    with psycopg2.connect(config.dsn("postgres")) as database, database.cursor() as cursor:
        cursor.execute("INSERT INTO deliveries (order_id) VALUES (%s)", (order,))


def naive(queue):
    """What comes while it is away, it never sees; what fails is done again, whether or not it was done already."""
    newest = queue.xrevrange("orders", count=1)
    last = newest[0][0] if newest else "0"
    while True:
        for _, messages in queue.xread({"orders": last}, block=200):
            for last, fields in messages:
                try:
                    deliver(fields["order"])
                except psycopg2.Error:
                    deliver(fields["order"])


def deliver_once(order):
    with psycopg2.connect(config.dsn("postgres")) as database, database.cursor() as cursor:
        cursor.execute("INSERT INTO deliveries (order_id) VALUES (%s) ON CONFLICT (order_id) DO NOTHING", (order,))


def handle(queue, identity, fields):
    """Acknowledged when it is done, and not before; done again it changes nothing."""
    try:
        deliver_once(fields["order"])
        queue.xack("orders", "workers", identity)
    except (psycopg2.Error, redis.RedisError) as error:
        log("retry_later", order=fields["order"], reason=f"{type(error).__name__}: {error}".strip())
        time.sleep(0.1)


def hardened(queue):
    while True:
        try:
            try:
                queue.xgroup_create("orders", "workers", id="0", mkstream=True)
            except redis.ResponseError:
                pass  # there it is
            while True:
                _, unfinished, *_ = queue.xautoclaim("orders", "workers", "one", min_idle_time=200)
                fresh = queue.xreadgroup("workers", "one", {"orders": ">"}, block=200, count=10)
                for identity, fields in unfinished + [message for _, messages in fresh for message in messages]:
                    handle(queue, identity, fields)
        except redis.RedisError as error:
            log("queue_failed", reason=f"{type(error).__name__}: {error}")
            time.sleep(0.2)


if __name__ == "__main__":
    log("start", edition=config.EDITION)
    naive_client = redis.Redis(host="127.0.0.1", port=config.port("redis"), decode_responses=True)
    hardened_client = redis.Redis(host="127.0.0.1", port=config.port("redis"), decode_responses=True,
                                  socket_timeout=2, socket_connect_timeout=1)
    hardened(hardened_client) if config.HARDENED else naive(naive_client)
