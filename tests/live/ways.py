#!/usr/bin/python3
"""The service of tests/live/ways.test in Python, into which the shim is preloaded: see ways.go."""
import os
import socket
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

lock = Lock()
kept = None


def dial():
    return socket.create_connection(("127.0.0.1", int(os.environ["BACK_PORT"])), timeout=0.3)


def ask(back):
    back.sendall(b"PING\r\n")
    answer = b""
    while not answer.endswith(b"\n"):
        got = back.recv(64)
        if not got:
            raise OSError("EOF")
        answer += got
    if answer != b"+PONG\r\n":
        raise OSError(f"not PONG but {answer}")


def ask_new():
    with dial() as back:
        ask(back)


def ask_kept():
    global kept
    with lock:
        try:
            kept = kept or dial()
            ask(kept)
        except OSError:
            if kept:
                kept.close()
            kept = None
            raise


def ask_child():
    try:
        subprocess.run([os.environ["CHILD"]], check=True)
    except subprocess.CalledProcessError as error:
        raise OSError(error) from error


pages = {"/": ask_new, "/kept": ask_kept, "/child": ask_child, "/healthz": lambda: None}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        status, text = 200, b"PONG"
        try:
            pages[self.path]()
        except OSError as error:
            status, text = 502, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
