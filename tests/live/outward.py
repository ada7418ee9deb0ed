"""A program for the tests that calls what it is told to, for as long as it may.

    outward.py WHAT...   redis:PORT[:COUNT] http:PORT tls:PORT:NAME refused:PORT unix:PATH psql:PORT, in turn, again
                         and again, ten milliseconds between; once each with ONCE=1.  With LISTEN=PORT it listens.
"""
import http.client
import os
import socket
import ssl
import subprocess
import sys
import time


def redis(port, count="1"):
    with socket.create_connection(("127.0.0.1", int(port)), timeout=2) as s:
        for _ in range(int(count)):
            s.sendall(b"*1\r\n$4\r\nPING\r\n")
            s.recv(64)


def get(port):
    c = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    c.request("GET", "/")
    c.getresponse().read()
    c.close()


def tls(port, name):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", int(port)), timeout=2) as s:
        context.wrap_socket(s, server_hostname=name).close()


def refused(port):
    socket.create_connection(("127.0.0.1", int(port)), timeout=2).close()


def unix(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"PING\r\n")
        s.recv(64)


def psql(port):
    subprocess.run(["psql", "-h", "127.0.0.1", "-p", port, "-c", "select 1"], stdin=subprocess.DEVNULL, check=False,
                   env={**os.environ, "PGCONNECT_TIMEOUT": "2"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


ways = {"redis": redis, "http": get, "tls": tls, "refused": refused, "unix": unix, "psql": psql}
listener = socket.create_server(("127.0.0.1", int(os.environ["LISTEN"]))) if "LISTEN" in os.environ else None
print("this goes to standard error", flush=True)
while True:
    for what in sys.argv[1:]:
        way, *rest = what.split(":")
        try:
            ways[way](*rest)
        except OSError:
            pass
    if os.environ.get("ONCE") == "1":
        break
    time.sleep(0.01)
