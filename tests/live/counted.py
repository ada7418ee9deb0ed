"""A service for the tests that counts its orders, in the Prometheus text format.

    /order    asks a Redis for PONG; 200, or 503 with Retry-After; logs a line with the request's X-Request-Id
    /metrics  orders_total{outcome="ok"|"failed"}, from its first order on; last_order, a gauge
    /forget   the counters start anew, as with a new process
    /echo/... answers with its path and the request's body
    /gone     from now on there is no page of metrics
    /healthz  200
SWALLOW=1   orders that fail are not logged
FRONT_PORT BACK_PORT  where to listen and whom to ask
"""
import json
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
orders = {}
state = {"gone": False}


def ask():
    with socket.create_connection(("127.0.0.1", int(os.environ["BACK_PORT"])), timeout=0.5) as back:
        back.sendall(b"PING\r\n")
        return back.recv(64) == b"+PONG\r\n"


def order(request_id):
    try:
        outcome = "ok" if ask() else "failed"
    except OSError:
        outcome = "failed"
    with lock:
        orders[outcome] = orders.get(outcome, 0) + 1
    if outcome == "ok" or os.environ.get("SWALLOW") != "1":
        print(json.dumps({"event": "order", "outcome": outcome, "request": request_id}), flush=True)
    return (200, "bought") if outcome == "ok" else (503, "later")


def metrics():
    with lock:
        lines = ["# HELP orders_total Orders, by what became of them.", "# TYPE orders_total counter"]
        lines += [f'orders_total{{outcome="{name}"}} {float(count)}' for name, count in orders.items()]
        lines += ["# TYPE last_order gauge", f"last_order {sum(orders.values())}"]
    return 200, "\n".join(lines) + "\n"


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def answer(self):
        if self.path == "/order":
            return order(self.headers.get("X-Request-Id", ""))
        if self.path == "/metrics":
            return (404, "gone") if state["gone"] else metrics()
        if self.path.startswith("/echo/"):
            length = int(self.headers.get("Content-Length", "0"))
            return 200, self.path + " " + self.rfile.read(length).decode()
        if self.path == "/forget":
            with lock:
                orders.clear()
        if self.path == "/gone":
            state["gone"] = True
        return 200, "ok"

    def do_GET(self):
        status, text = self.answer()
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "30")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request, client_address):
        print(json.dumps({"event": "error", "reason": repr(sys.exc_info()[1])}), flush=True)


Server(("127.0.0.1", int(os.environ["FRONT_PORT"])), Shop).serve_forever()
