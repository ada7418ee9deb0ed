"""A hostile client of a run's socket: drill_crowd.py SOCKET WHAT

    garbage    lines that are no requests; says how many were answered, and whether each answer is a refusal
    halves     halves of requests whose senders vanish
    endless    a line without an end, a megabyte of it
    deaf       asks for the status, over and over, and never reads
    many       10,000 connections, one after the other, each left open for as long as we may have descriptors
    crowd      200 connections that say nothing; prints a line and keeps them until it is killed
"""
import json
import os
import random
import resource
import signal
import socket
import sys

path, what = sys.argv[1:3]
os.chdir(os.path.dirname(path))  # a path of a socket has 107 bytes at most


def come():
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.path.basename(path))
    client.settimeout(10)
    return client


def send(client, data):
    try:
        client.sendall(data)
    except OSError:
        pass


def answer(client):
    try:
        return client.makefile("rb").readline()
    except OSError:
        return b""


def garbage():
    lines = [b"", b"\0\0\0", b"GET / HTTP/1.1", b"{", b"[" * 5000, b'{"do":' * 1000, b'{"do":"inject"}', b"\xff\xfe",
             b'{"do":"inject","text":"' + b"x" * 8000 + b'"}', b'{"do":"lift","id":99999999999999999999}',
             b'{"do":"inject","text":"latency:target=cache,delay=1s","for_ns":-1}', b'{"do":"note","text":{}}',
             b'{"do":"inject","text":"latency:target=' + b"cache+" * 300 + b'cache,delay=1ms"}x']
    random.seed(7)
    lines += [bytes(random.choices([b for b in range(256) if b != 10], k=random.randrange(300))) for _ in range(500)]
    good = 0
    for line in lines:
        client = come()
        send(client, line + b"\n")
        got = answer(client)
        good += got == b"" or json.loads(got)["ok"] is False
        client.close()
    print(good == len(lines))


def halves():
    whole = b'{"do":"inject","text":"refuse:target=cache","for_ns":60000000000}\n'
    for i in range(500):
        client = come()
        send(client, whole[:i % len(whole)])
        client.close()


def endless():
    client = come()
    send(client, b"x" * (1 << 20))
    print(answer(client) == b"")


def deaf():
    client = come()
    client.setblocking(False)
    sent = 0
    try:
        while sent < 1 << 22:
            sent += client.send(b'{"do":"status"}\n' * 100)
    except OSError:
        pass
    print("deaf", flush=True)
    signal.pause()


def many():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    kept = []
    for _ in range(10000):
        try:
            kept.append(come())
        except OSError:
            kept.clear()
    print("came", flush=True)


def crowd():
    kept = [come() for _ in range(200)]
    print(len(kept), flush=True)
    signal.pause()


globals()[what]()
