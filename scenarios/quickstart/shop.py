"""A small shop: items from a catalogue, with Redis as a cache before it.

EDITION=hardened survives the loss of its cache; EDITION=naive is the same shop without that care.
What differs is marked [hardened] and [naive].

    PORT  REDIS_PORT  EDITION      GET /item/ID   GET /export   GET /healthz
"""
import json
import os
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

HARDENED = os.environ.get("EDITION", "hardened") == "hardened"
REDIS_PORT = int(os.environ.get("REDIS_PORT", "6379"))
PORT = int(os.environ.get("PORT", "8080"))
EXPORT_BYTES = 16 << 20


def log(event, **fields):
    """One JSON object a line; one write, so that threads do not mix."""
    sys.stdout.write(json.dumps({"time": round(time.time(), 3), "event": event, **fields}) + "\n")
    sys.stdout.flush()


def catalogue(item_id):
    """The source of truth, and slow: what the cache is there for."""
    time.sleep(0.02)
    return {"id": item_id, "name": f"item {item_id}", "price": 100 + item_id % 900}


class Breaker:
    """[hardened] After three failures in a row, ask at most once in half a second."""

    LIMIT, PAUSE = 3, 0.5

    def __init__(self):
        self.lock, self.failures, self.next_try = threading.Lock(), 0, 0.0

    def allows(self):
        with self.lock:
            if self.failures < self.LIMIT:
                return True
            if time.monotonic() < self.next_try:
                return False
            self.next_try = time.monotonic() + self.PAUSE  # this caller is the one that tries
            return True

    def succeeded(self):
        with self.lock:
            self.failures = 0

    def failed(self):
        with self.lock:
            self.failures += 1
            self.next_try = time.monotonic() + self.PAUSE


# [naive] No time-out: redis-py waits for ever unless told otherwise.
timeouts = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1} if HARDENED else {}
cache = redis.Redis(host="127.0.0.1", port=REDIS_PORT, **timeouts)
breaker = Breaker()


def cached(item_id):
    """Through the cache; every error of Redis comes out."""
    found = cache.get(f"item:{item_id}")
    if found is not None:
        return json.loads(found), "cache"
    item = catalogue(item_id)
    cache.set(f"item:{item_id}", json.dumps(item), ex=60)
    return item, "catalogue"


def item_hardened(item_id, request_id):
    reason = "circuit open"
    if breaker.allows():
        try:
            answer = cached(item_id)
            breaker.succeeded()
            return answer
        except (redis.RedisError, OSError) as error:
            breaker.failed()
            reason = f"{type(error).__name__}: {error}"
    log("cache_bypass", request_id=request_id, item=item_id, reason=reason)
    return catalogue(item_id), "catalogue"


def item_naive(item_id, request_id):
    return cached(item_id)  # [naive] no fallback: the cache's failure is the shop's


find_item = item_hardened if HARDENED else item_naive


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one write

    def answer(self, status, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Request-Id", self.request_id)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        self.status = status

    def item(self, text):
        if not text.isdigit():
            return self.answer(404, {"error": "no such item"})
        item, source = find_item(int(text), self.request_id)
        return self.answer(200, {**item, "source": source})

    def export(self):
        """A report that needs a lot of memory for a moment."""
        try:
            size = len(bytearray(EXPORT_BYTES))
        except MemoryError:
            if not HARDENED:
                raise
            log("export_refused", request_id=self.request_id, reason="out of memory")
            return self.answer(503, {"error": "out of memory, try later"}, Retry_After="1")
        return self.answer(200, {"bytes": size})

    def route(self):
        if self.path == "/healthz":
            return self.answer(200, {"status": "ok"})
        if self.path == "/export":
            return self.export()
        if self.path.startswith("/item/"):
            return self.item(self.path[len("/item/"):])
        return self.answer(404, {"error": "no such page"})

    def do_GET(self):
        started = time.monotonic()
        self.request_id = self.headers.get("X-Request-Id") or uuid.uuid4().hex[:12]
        self.status = 0
        try:
            self.route()
        except redis.RedisError:
            self.answer(500, {"error": "internal error"})  # [naive] and not a word in the log about why
        log("request", request_id=self.request_id, path=self.path, status=self.status,
            ms=round(1000 * (time.monotonic() - started), 1))

    def log_message(self, *args):
        pass  # ours are the lines of log()


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request, client_address):
        log("error", reason=repr(sys.exc_info()[1]))


if __name__ == "__main__":
    log("start", edition="hardened" if HARDENED else "naive", port=PORT)
    Server(("127.0.0.1", PORT), Shop).serve_forever()
