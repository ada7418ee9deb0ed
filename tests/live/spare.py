"""For explore_matrix.test: a service that asks `back`, and, when nobody is there, `spare`.

    spare.py answer PORT...      servers that answer PONG to whoever asks, on each port
    spare.py front PORT BACK SPARE
        /         200, or 502: it takes whatever it reads for the answer, and copes with all that raises an error
        /healthz  200
    FRAGILE=1: an answer that ends too early ends it, too

What it does not survive: an answer that ends too early; and the loss of both.
"""
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(client):
    try:
        if client.recv(64):
            client.sendall(b"+PONG\r\n")
    except OSError:
        pass  # who asked has left


def serve(port):
    with socket.create_server(("127.0.0.1", port), backlog=128) as server:
        while True:
            client = server.accept()[0]
            with client:
                answer(client)


def ask(port):
    with socket.create_connection(("127.0.0.1", port), timeout=0.3) as peer:
        peer.sendall(b"PING\r\n")
        return peer.recv(64)


def page(back, spare):
    try:
        said = ask(back)
    except ConnectionRefusedError:
        try:
            said = ask(spare)
        except OSError:
            return 502
    except OSError:
        return 200  # as it was a minute ago
    if said != b"+PONG\r\n" and os.environ.get("FRAGILE"):
        os._exit(1)
    return 200 if said == b"+PONG\r\n" else 502


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else page(*self.server.asks))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


if __name__ == "__main__":
    role, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
    if role == "answer":
        for port in ports[1:]:
            threading.Thread(target=serve, args=(port,), daemon=True).start()
        serve(ports[0])
    front = Server(("127.0.0.1", ports[0]), Front)
    front.asks = ports[1:]
    front.serve_forever()
