"""What other teams run: the five services behind a page, the auth service and the payment provider.

They are one process here, so that a scenario starts quickly, but each has its own port, so that each can fail alone.
"""
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

import config


def part(name, item):
    return {"item": item, name: [f"{name} {n} of item {item}" for n in range(1, 11)]}


def charge(key, order, amount):
    """The provider keeps its promise: one key, one charge.  Who sends no key is charged each time."""
    with psycopg2.connect(config.dsn("postgres")) as database, database.cursor() as cursor:
        cursor.execute("INSERT INTO charges (key, order_id, amount) VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING",
                       (key or uuid.uuid4().hex, order, amount))
    return {"charged": amount}


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one write
    disable_nagle_algorithm = True

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, part(self.server.name, int(self.path.rsplit("/", 1)[1])))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.name == "provider":
            return self.answer(200, charge(self.headers.get("Idempotency-Key"), asked["order"], asked["amount"]))
        return self.answer(200, {"ok": asked["password"] == "correct horse"})

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that left


if __name__ == "__main__":
    names = [*config.PARTS, "auth", "provider"]
    servers = [Server(("127.0.0.1", config.port(name)), Upstream) for name in names]
    for name, server in zip(names, servers):
        server.name = name
        threading.Thread(target=server.serve_forever, daemon=name != names[-1]).start()
