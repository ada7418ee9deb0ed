"""The hardened edition: what it does when something does not work.  Each function has its twin in naive.py."""
import json
import threading
import time

import flask
import itsdangerous

import config
import means
import observe
from means import Off, Unavailable, call, flags  # noqa: F401 (flags is the shop's, too)

PAGE_BUDGET = 0.8  # seconds; what has not come by then is left out
MAY_BE_OLD = {"catalog", "reviews", "recs"}  # an old price is worse than none
FRESH = 1  # seconds for which a cached item counts as new; it is kept much longer, for bad times
KEEP = 3600
buckets = means.Buckets(rate=100, burst=200)
signer = itsdangerous.URLSafeTimedSerializer("the shop's secret")
last_good = {}  # (part, item): its last answer; bounded by the number of items that are shown
local_items = {}  # id: (when, name), for when there is no Redis


def warm_up():
    try:
        call("postgres", lambda: means.transaction(lambda cursor: cursor.execute("SELECT count(*) FROM items")))
    except Unavailable:
        observe.log("cold_start")  # it will be slower at first; that is no reason not to be there


def admit(request):
    """A token bucket for each client."""
    if buckets.take(request.headers.get("X-Client", request.remote_addr)):
        return None
    return {"error": "too many requests"}, 429, {"Retry-After": "1"}


def failed(error):
    if isinstance(error, Unavailable):
        return {"error": f"{error.dependency} is not available, please try again"}, 503, {"Retry-After": "1"}
    observe.log("error", reason=f"{type(error).__name__}: {error}")
    if isinstance(error, MemoryError):
        return {"error": "out of memory, please try again"}, 503, {"Retry-After": "1"}
    return {"error": "internal error"}, 500


# --- the page: five calls at once, none of which may spoil it ---


def fetch(part, item):
    answer = means.http.get(f"{config.url(part)}/{part}/{item}", timeout=means.HTTP_TIMEOUT,
                            headers={"X-Request-Id": observe.request_id.get()})
    answer.raise_for_status()
    return answer.json()


def part_of_page(part, item, future, deadline):
    try:
        value = last_good[part, item] = future.result(max(0, deadline - time.monotonic()))
        return value, "live"
    except Off:
        return None, "off"
    except Unavailable:
        pass
    except TimeoutError:
        means.late(part)
    found = last_good.get((part, item)) if part in MAY_BE_OLD else None
    source = "cached" if found else "absent"
    observe.fallbacks.labels(part, source).inc()
    return found, source


def page(item):
    deadline = time.monotonic() + PAGE_BUDGET
    asked = {part: means.submit(call, part, lambda part=part: fetch(part, item)) for part in config.PARTS}
    found = {part: part_of_page(part, item, future, deadline) for part, future in asked.items()}
    return {**{part: value for part, (value, _) in found.items()},
            "sources": {part: source for part, (_, source) in found.items()}}


# --- an item: Redis, then PostgreSQL, then whatever is left ---


def from_redis(item):
    found = means.redis_client.get(f"item:{item}")
    return json.loads(found) if found else None


def cached(item):
    """(when, name), from whichever cache has the newer one, or None."""
    try:
        found = call("redis", lambda: from_redis(item))
    except Unavailable:
        found = None
    return max(filter(None, [found, local_items.get(item)]), default=None, key=lambda entry: entry[0])


def read_item(cursor, item):
    cursor.execute("SELECT name FROM items WHERE id = %s", (item,))
    return cursor.fetchone()


def refresh(item):
    row = call("postgres", lambda: means.transaction(lambda cursor: read_item(cursor, item)))
    if not row:
        return None, "database"
    entry = local_items[item] = [time.time(), row[0]]
    try:
        call("redis", lambda: means.redis_client.set(f"item:{item}", json.dumps(entry), ex=KEEP))
    except Unavailable:
        pass
    return entry, "database"


def find_item(item):
    entry = cached(item)
    if entry and time.time() - entry[0] < FRESH:
        return entry, "cache"
    lock = means.flight(item)
    if not lock.acquire(blocking=not entry):  # somebody is fetching it: an old one is good enough meanwhile
        return entry, "stale"
    try:
        newer = local_items.get(item)
        if newer and time.time() - newer[0] < FRESH:
            return newer, "cache"
        return refresh(item)
    except Unavailable as gone:
        if not entry:
            raise
        observe.fallbacks.labels(gone.dependency, "stale").inc()
        return entry, "stale"
    finally:
        lock.release()


def item(item):
    entry, source = find_item(item)
    if not entry:
        return {"error": "no such item"}, 404
    return {"name": entry[1], "source": source}


# --- login ---


def known(cursor, user):
    cursor.execute("SELECT name FROM users WHERE name = %s", (user,))
    return cursor.fetchone()


def right(user, password):
    answer = means.http.post(config.url("auth"), json={"user": user, "password": password},
                             timeout=means.HTTP_TIMEOUT)
    answer.raise_for_status()
    return answer.json()["ok"]


def login(user, password):
    observe.log("login", user=user)
    if not call("postgres", lambda: means.transaction(lambda cursor: known(cursor, user))) or \
            not call("auth", lambda: right(user, password)):
        return {"error": "wrong user or password"}, 401
    token = signer.dumps(user)  # it proves itself, so it is good even when nobody remembers it
    try:
        call("redis", lambda: means.redis_client.set(f"session:{token}", user, ex=3600))
        return {"token": token, "session": "stored"}
    except Unavailable:
        observe.fallbacks.labels("redis", "stateless").inc()
        return {"token": token, "session": "stateless"}


# --- paying: a key makes twice the same as once ---


def charge(key, order, amount):
    answer = means.http.post(config.url("provider"), json={"order": order, "amount": amount},
                             headers={"Idempotency-Key": key}, timeout=means.HTTP_TIMEOUT)
    answer.raise_for_status()
    return answer.json()


def open_payment(cursor, key, order, amount):
    cursor.execute("INSERT INTO payments (key, order_id, amount) VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING",
                   (key, order, amount))
    cursor.execute("SELECT done FROM payments WHERE key = %s", (key,))
    return cursor.fetchone()[0]


def close_payment(cursor, key):
    cursor.execute("UPDATE payments SET done = true WHERE key = %s", (key,))


def pay(key, order, amount):
    if not key:
        return {"error": "the header Idempotency-Key is missing"}, 400
    if not call("postgres", lambda: means.transaction(lambda cursor: open_payment(cursor, key, order, amount))):
        call("provider", lambda: charge(key, order, amount))  # again with the same key is no second charge
        call("postgres", lambda: means.transaction(lambda cursor: close_payment(cursor, key)))
    return {"paid": amount}


# --- ordering: what is to be sent is written down in the same transaction, and sent afterwards ---


def write_order(cursor, order):
    cursor.execute("INSERT INTO orders (order_id) VALUES (%s) ON CONFLICT (order_id) DO NOTHING", (order,))


def order(order):
    call("postgres", lambda: means.transaction(lambda cursor: write_order(cursor, order)))
    outbox.set()
    return {"order": order}, 202


def send_orders(cursor):
    """At least once: the worker sorts out what comes twice."""
    cursor.execute("SELECT order_id FROM orders WHERE NOT sent FOR UPDATE SKIP LOCKED LIMIT 100")
    for (order_id,) in cursor.fetchall():
        call("redis", lambda: means.redis_client.xadd("orders", {"order": order_id}))
        cursor.execute("UPDATE orders SET sent = true WHERE order_id = %s", (order_id,))


def send_for_ever():
    while True:
        outbox.wait(0.5)
        outbox.clear()
        try:
            call("postgres", lambda: means.transaction(send_orders))
        except Unavailable:
            pass  # it is logged and counted, and written down


outbox = threading.Event()
if config.QUEUE:
    threading.Thread(target=send_for_ever, daemon=True).start()


# --- the export: from the read replica if there is one, else from the primary ---


def read(work):
    if config.REPLICA:
        try:
            return call("replica", lambda: means.transaction(work, "replica"))
        except Unavailable as gone:
            observe.fallbacks.labels(gone.dependency, "primary").inc()
    return call("postgres", lambda: means.transaction(work))


def export_rows(cursor):
    cursor.execute("SELECT id, name, price FROM items")
    return cursor.fetchall()


def export():
    rows = read(export_rows)
    return flask.Response((f"{row[0]},{row[1]},{row[2]}\n" for row in rows), mimetype="text/csv")
