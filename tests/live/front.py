"""A service for the tests: asks a Redis for PONG, over a connection of its own each time, and says what came of it.

    /        200 PONG, or 502 and the error; with FALLBACK=1 always 200
    /name    looks NAME up: 200, or 502 and the error
    /big     wants 16 MiB for a moment: 200, or 503
    /stall   from now on:
    /slow    200 at once; once stalled, after two seconds
    /burst/N asks N times, one after the other: 200 and a line of N letters, `.` answered and `x` not; also in BURST_FILE
    /healthz 200

FRONT_PORT BACK_PORT     where to listen and whom to ask
HELD=1                   keeps a further connection open, waits on it, and logs how it ended
WORKERS=N                forks N children that do nothing; every second one leaves the session
IGNORE_TERM=1            takes no notice of SIGTERM
ECHO_TEXT=...            is logged at the start
"""
import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

env = os.environ.get
BACK = ("127.0.0.1", int(env("BACK_PORT", "6379")))
PING = b"PING\r\n"
stalled = threading.Event()


def log(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def ask():
    with socket.create_connection(BACK, timeout=0.3) as back:
        back.sendall(PING)
        answer = back.recv(64)
        if answer != b"+PONG\r\n":
            raise OSError(f"not PONG but {answer}")


def hold():
    """An idle connection: whoever waits on it learns of an outage at once, or not at all."""
    while True:
        try:
            with socket.create_connection(BACK) as back:
                log("held_open")
                how = "closed" if back.recv(1) == b"" else "data"
        except OSError as error:
            how = error.strerror
        log("held_lost", how=how)
        time.sleep(0.2)


def page():
    try:
        ask()
        return 200, "PONG"
    except OSError as error:
        log("back_failed", error=str(error))
        return (200, "fallback") if env("FALLBACK") == "1" else (502, str(error))


def name():
    try:
        socket.getaddrinfo(env("NAME", "localhost"), 80)
        return 200, "resolved"
    except OSError as error:
        return 502, str(error)


def big():
    try:
        return 200, str(len(bytearray(16 << 20)))
    except MemoryError:
        return 503, "no memory"


def stall():
    stalled.set()
    return 200, "stalled"


def slow():
    if stalled.is_set():
        time.sleep(2)
    return 200, "at last"


def letter():
    try:
        ask()
        return "."
    except OSError:
        return "x"


def burst(n):
    letters = "".join(letter() for _ in range(n))
    if env("BURST_FILE"):
        with open(env("BURST_FILE"), "w", encoding="ascii") as file:
            file.write(letters + "\n")
    return 200, letters


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        routes = {"/": page, "/name": name, "/big": big, "/slow": slow, "/stall": stall,
                  "/healthz": lambda: (200, "ok")}
        if self.path.startswith("/burst/"):
            status, text = burst(int(self.path[7:]))
        else:
            status, text = routes.get(self.path, lambda: (404, "no such page"))()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request, client_address):
        log("error", reason=repr(sys.exc_info()[1]))


def fork_workers(count):
    for i in range(count):
        if os.fork() == 0:
            if i % 2:
                os.setsid()
            while True:
                signal.pause()


if __name__ == "__main__":
    log("start", text=env("ECHO_TEXT", ""))
    if env("IGNORE_TERM") == "1":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    fork_workers(int(env("WORKERS", "0")))
    if env("HELD") == "1":
        threading.Thread(target=hold, daemon=True).start()
    Server(("127.0.0.1", int(env("FRONT_PORT", "8080"))), Front).serve_forever()
