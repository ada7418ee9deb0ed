"""Takes posted events, for the tests: hook.py PORT FILE MODE.

Each body is a line of FILE.  MODE: ok answers 204, bad 500, hang never.
"""
import http.server
import sys
import time


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[2], "ab") as file:
            file.write(body + b"\t" + self.headers["Content-Type"].encode() + b"\n")
        if sys.argv[3] == "hang":
            time.sleep(600)
        self.send_response(204 if sys.argv[3] == "ok" else 500)
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.daemon_threads = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
