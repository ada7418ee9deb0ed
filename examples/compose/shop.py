"""A shop of one page, /item, which asks its Redis each time; nothing but Python's own library."""
import http.server
import os
import socket
import threading

REDIS = ("127.0.0.1", int(os.environ.get("REDIS_PORT", "6390")))
mine = threading.local()


def ask_redis():
    if getattr(mine, "connection", None) is None:
        mine.connection = socket.create_connection(REDIS, timeout=1)
    mine.connection.sendall(b"PING\r\n")
    if not mine.connection.recv(64).startswith(b"+PONG"):
        raise OSError("no PONG")


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = 200, b'{"item": 42}\n'
        try:
            ask_redis()
        except OSError as error:
            mine.connection = None
            status, body = 503, f"redis: {error}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("SHOP_PORT", "8390"))), Page).serve_forever()
