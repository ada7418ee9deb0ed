"""What a client of Redis behind a proxy sees.
many PORT N: how many of N connections get their PONG, one after the other.
bulk PORT BYTES: a value of that size is set and got again.
requests PORT: INCR is late by 300 ms or more, PING is not; exit 0.
hold PORT FILE: connect as soon as somebody listens, say nothing, and write how that ends."""
import errno
import socket
import sys
import time

what, port = sys.argv[1], int(sys.argv[2])


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def ask(c, request, size):
    c.sendall(request)
    data = b""
    while len(data) < size:
        part = c.recv(65536)
        if not part:
            break
        data += part
    return data


def many(count):
    good = 0
    for _ in range(count):
        try:
            with connect() as c:
                good += ask(c, b"PING\r\n", 7) == b"+PONG\r\n"
        except OSError:
            pass
    print(f"{good} of {count}")


def bulk(size):
    value = b"x" * size
    with connect() as c:
        assert ask(c, b"*3\r\n$3\r\nSET\r\n$4\r\nbulk\r\n$%d\r\n%s\r\n" % (size, value), 5) == b"+OK\r\n"
        head = b"$%d\r\n" % size
        assert ask(c, b"GET bulk\r\n", len(head) + size + 2) == head + value + b"\r\n"


def requests():
    with connect() as c:
        for request, low, high in ((b"PING\r\n", 0, 0.29), (b"INCR a\r\n", 0.3, 30), (b"PING\r\n", 0, 0.29), (b"incr a\r\n", 0.3, 30)):
            begun = time.monotonic()
            ask(c, request, 4)
            took = time.monotonic() - begun
            assert low <= took < high, (request, took)


def hold(path):
    while True:
        try:
            c = connect()
            ask(c, b"PING\r\n", 7)
            break
        except OSError:
            time.sleep(0.05)
    try:
        how = "EOF" if not c.recv(1) else "bytes"
    except OSError as error:
        how = errno.errorcode.get(error.errno, str(error))
    with open(path, "w") as file:
        file.write(how + "\n")


if what == "many":
    many(int(sys.argv[3]))
elif what == "bulk":
    bulk(int(sys.argv[3]))
elif what == "requests":
    requests()
else:
    hold(sys.argv[3])
