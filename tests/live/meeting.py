"""A service for the tests: whoever asks is answered when the others have come too.

    meeting.py PORT

    /meet/NAME/N  200 once N requests for NAME are under way at the same moment
    /twice/N      the same, and then 200 to one of them and 409 to the others
    /healthz      200
    else          404, at once
"""
import collections
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

barriers = {}
winners = collections.Counter()
lock = threading.Lock()


def meet(name, count):
    with lock:
        barrier = barriers.setdefault(name, threading.Barrier(count))
    barrier.wait()


def status_of(path):
    words = path.split("/")[1:]
    if words[0] == "meet":
        meet(words[1], int(words[2]))
        return 200
    if words[0] == "twice":
        meet("twice", int(words[1]))
        with lock:
            winners["twice"] += 1
            return 200 if winners["twice"] == 1 else 409
    return 200 if words[0] == "healthz" else 404


class Meeting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(status_of(self.path))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Meeting).serve_forever()
