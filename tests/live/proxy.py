"""proxy.py PORT: what chaosctl proxy, whose API is on that port, does to connections to a server of ours; a line
`ok NAME` or `not ok NAME` each.  proxy.py count: how many there are."""
import errno
import hashlib
import json
import random
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

tests = []


def test(function):
    tests.append(function)
    return function


# --- the server: it does what the first line of a connection says ---

def serve(connection):
    with connection:
        file = connection.makefile("rb")
        for line in file:
            words = line.split()
            if words[0] == b"echo":
                connection.sendall(file.read(int(words[1])))
            elif words[0] == b"send":
                connection.sendall(bytes(int(words[1])))
            elif words[0] == b"bye":
                return
        connection.sendall(b"EOF seen")


def server():
    door = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            threading.Thread(target=lambda c: quiet(serve, c), args=(door.accept()[0],), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return door.getsockname()[1]


def quiet(function, *arguments):
    try:
        function(*arguments)
    except OSError:
        pass


# --- the API ---

def ask(method, path, body=None, raw=None, headers=None):
    """Returns the status and what was said, read as JSON where it is."""
    data = raw if raw is not None else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{api}{path}", data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


class Proxy:
    """With toxics, from its making to its removal."""

    def __init__(self, *toxics, **fields):
        self.toxics, self.fields = toxics, fields

    def __enter__(self):
        body = {"name": "test", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}", **self.fields}
        status, made = ask("POST", "/proxies", body)
        assert status == 201, made
        self.port = int(made["listen"].rsplit(":", 1)[1])
        for toxic in self.toxics:
            status, said = ask("POST", "/proxies/test/toxics", toxic)
            assert status == 200, said
        return self

    def __exit__(self, *_):
        ask("DELETE", "/proxies/test")

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return connection


def toxic(kind, stream="downstream", toxicity=1.0, **attributes):
    return {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}


def read(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(min(65536, size - len(data)))
        if not part:
            break
        data += part
    return data


def echo(connection, data):
    """Sent while it is read back."""
    def send():
        connection.sendall(b"echo %d\n" % len(data) + data)
    thread = threading.Thread(target=quiet, args=(send,))
    thread.start()
    back = read(connection, len(data))
    thread.join()
    return back


def took(function, *arguments):
    begun = time.monotonic()
    function(*arguments)
    return time.monotonic() - begun


# --- toxics ---

@test
def latency_is_added_to_each_answer():
    with Proxy(toxic("latency", latency=200)) as proxy, proxy.connect() as c:
        assert 0.2 <= took(echo, c, b"hello") < 10


@test
def of_one_direction_alone():
    with Proxy(toxic("latency", "upstream", latency=150), toxic("latency", latency=150)) as proxy, proxy.connect() as c:
        assert 0.3 <= took(echo, c, b"hello") < 10


@test
def bandwidth_is_in_thousands_of_bytes_a_second():
    with Proxy(toxic("bandwidth", rate=1000)) as proxy, proxy.connect() as c:
        assert 0.7 <= took(echo, c, bytes(1000000)) < 20


@test
def a_storm_of_bytes_comes_through_slices_and_latency_as_it_was():
    data = random.Random(1).randbytes(3000000)
    with Proxy(toxic("slicer", average_size=2000, size_variation=1500, delay=10), toxic("latency", latency=20, jitter=15),
               toxic("slicer", "upstream", average_size=3000, size_variation=2999, delay=5)) as proxy:
        with proxy.connect() as c:
            back = echo(c, data)
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest(), f"{len(back)} of {len(data)} bytes"


@test
def twenty_at_once_too():
    data = random.Random(2).randbytes(200000)
    wrong = []
    with Proxy(toxic("slicer", average_size=5000, size_variation=3000, delay=10), toxic("latency", latency=10, jitter=10)) as proxy:
        def one():
            with proxy.connect() as c:
                if echo(c, data) != data:
                    wrong.append(1)
        threads = [threading.Thread(target=one) for _ in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60)
    assert not wrong and not any(t.is_alive() for t in threads)


ATTRIBUTES = {
    "latency": lambda r: {"latency": r.randrange(30), "jitter": r.randrange(30)},
    "bandwidth": lambda r: {"rate": r.choice([100, 1000, 10000])},
    "slicer": lambda r: {"average_size": r.randrange(100, 5000), "size_variation": r.randrange(5000), "delay": r.randrange(100)},
    "slow_close": lambda r: {"delay": r.randrange(50)},
    "limit_data": lambda r: {"bytes": r.randrange(100000)},
    "reset_peer": lambda r: {"timeout": r.randrange(50)},
    "timeout": lambda r: {"timeout": r.randrange(100)},
}


def change_something(r):
    """Add, change or remove a toxic, whether it is there or not."""
    kind, stream, toxicity = r.choice(list(ATTRIBUTES)), r.choice(["upstream", "downstream"]), r.choice([1, 0.5, 0.2])
    path = f"/proxies/test/toxics/{kind}_{stream}"
    r.choice([lambda: ask("POST", "/proxies/test/toxics", toxic(kind, stream, toxicity, **ATTRIBUTES[kind](r))),
              lambda: ask("PATCH", path, {"toxicity": toxicity, "attributes": ATTRIBUTES[kind](r)}),
              lambda: ask("DELETE", path)])()


@test
def while_toxics_come_and_go_connections_may_end_but_no_byte_is_another():
    until = time.monotonic() + 8
    wrong, good = [], []

    def one(proxy, seed):
        r = random.Random(seed)
        while time.monotonic() < until:
            data, back = r.randbytes(r.choice([10, 1000, 100000])), b""
            try:
                with proxy.connect() as c:
                    sender = threading.Thread(target=quiet, args=(c.sendall, b"echo %d\n" % len(data) + data))
                    sender.start()
                    while len(back) < len(data) and (part := c.recv(65536)):
                        back += part
                    c.close()
                    sender.join()
            except OSError:
                pass
            (good if back == data else wrong if not data.startswith(back) else []).append(seed)

    with Proxy() as proxy:
        threads = [threading.Thread(target=one, args=(proxy, i)) for i in range(8)]
        for t in threads:
            t.start()
        r = random.Random(5)
        while time.monotonic() < until:
            change_something(r)
        ask("POST", "/reset")
        for t in threads:
            t.join(60)
        assert not wrong and good, (len(wrong), len(good))
        with proxy.connect() as c:
            assert echo(c, b"and then all is well") == b"and then all is well"


@test
def limit_data_ends_behind_its_bytes():
    with Proxy(toxic("limit_data", bytes=1000)) as proxy, proxy.connect() as c:
        c.sendall(b"send 5000\n")
        assert len(read(c, 5000)) == 1000


@test
def reset_peer_is_a_reset():
    with Proxy(toxic("reset_peer", timeout=0)) as proxy, proxy.connect() as c:
        c.sendall(b"send 10\n")
        try:
            assert False, read(c, 10)
        except ConnectionResetError:
            pass


@test
def timeout_is_silence_and_then_the_end():
    with Proxy(toxic("timeout", timeout=200)) as proxy, proxy.connect() as c:
        begun = time.monotonic()
        c.sendall(b"send 10\n")
        assert read(c, 10) == b""
        assert time.monotonic() - begun >= 0.15


@test
def timeout_of_0_is_silence_until_it_is_removed():
    with Proxy(toxic("timeout", timeout=0)) as proxy, proxy.connect() as c:
        c.sendall(b"send 10\n")
        c.settimeout(0.2)
        try:
            assert False, c.recv(10)
        except socket.timeout:
            pass
        c.settimeout(20)
        assert ask("DELETE", "/proxies/test/toxics/timeout_downstream")[0] == 204
        assert c.recv(10) == b""
        with proxy.connect() as again:
            assert echo(again, b"alive") == b"alive"


@test
def slow_close_holds_the_end():
    with Proxy(toxic("slow_close", delay=300)) as proxy, proxy.connect() as c:
        c.sendall(b"bye\n")
        assert took(read, c, 1) >= 0.3


@test
def half_closed_connections_keep_their_answer():
    with Proxy() as proxy, proxy.connect() as c:
        c.shutdown(socket.SHUT_WR)
        assert read(c, 100) == b"EOF seen"


@test
def a_toxic_strikes_what_is_there_and_leaves_it_when_it_is_removed():
    with Proxy() as proxy, proxy.connect() as c:
        assert echo(c, b"before") == b"before"
        ask("POST", "/proxies/test/toxics", toxic("latency", latency=3600000))
        c.sendall(b"echo 4\nheld")
        c.settimeout(0.2)
        try:
            assert False, c.recv(4)
        except socket.timeout:
            pass
        c.settimeout(20)
        ask("POST", "/proxies/test/toxics/latency_downstream", {"attributes": {"latency": 1}})
        ask("DELETE", "/proxies/test/toxics/latency_downstream")
        assert read(c, 4) == b"held"


@test
def another_upstream_drops_the_connections():
    with Proxy() as proxy, proxy.connect() as c:
        assert echo(c, b"x") == b"x"
        status, said = ask("PATCH", "/proxies/test", {"upstream": f"localhost:{upstream}"})
        assert status == 200 and said["upstream"] == f"localhost:{upstream}", said
        try:
            assert read(c, 1) == b""
        except ConnectionResetError:
            pass
        with proxy.connect() as again:
            assert echo(again, b"y") == b"y"


def is_turned_away(proxy):
    """By a reset, which may come before our connect has returned."""
    try:
        with proxy.connect() as c:
            return c.recv(1) == b""
    except OSError as error:
        return error.errno in (errno.ECONNRESET, errno.EPIPE)


@test
def an_upstream_that_is_not_there_ends_the_connection():
    with Proxy(upstream="127.0.0.1:1") as proxy:
        assert is_turned_away(proxy)


@test
def a_name_that_nobody_knows_ends_the_connection_and_stops_no_other():
    with Proxy(upstream="no-such-host.invalid:1") as proxy:
        waiting = threading.Thread(target=is_turned_away, args=(proxy,))
        waiting.start()
        assert ask("GET", "/version")[0] == 200
        waiting.join()
        assert is_turned_away(proxy)


@test
def unix_sockets_are_addresses_too():
    path = sys.argv[2] if len(sys.argv) > 2 else f"/tmp/chaosctl-proxy-test-{api}.sock"
    with Proxy(listen="127.0.0.1:0") as inner:
        status, made = ask("POST", "/proxies", {"name": "unix", "listen": f"unix:{path}", "upstream": f"127.0.0.1:{inner.port}"})
        assert status == 201 and made["listen"] == f"unix:{path}", made
        with socket.socket(socket.AF_UNIX) as c:
            c.settimeout(20)
            c.connect(path)
            assert echo(c, b"hello") == b"hello"
        assert ask("DELETE", "/proxies/unix")[0] == 204


@test
def hundreds_of_connections_live_at_once():
    with Proxy() as proxy:
        connections = [proxy.connect() for _ in range(400)]
        for i, c in enumerate(connections):
            c.sendall(b"echo 4\n%04d" % i)
        for i, c in enumerate(connections):
            assert read(c, 4) == b"%04d" % i
            c.close()


@test
def metrics_count_bytes_and_connections():
    with Proxy(toxic("latency", latency=0)) as proxy:
        with proxy.connect() as c:
            echo(c, bytes(1000))
            status, text = ask("GET", "/metrics")
        line = [l for l in text.splitlines() if l.startswith("toxiproxy_proxy_sent_bytes_total{direction=\"downstream\"")
                and 'proxy="test"' in l]
        assert status == 200 and line and line[0].endswith(" 1000"), text


if sys.argv[1] == "count":
    print(len(tests))
    sys.exit()
api, upstream = int(sys.argv[1]), server()
for function in tests:
    name = function.__name__.replace("_", " ")
    try:
        function()
        print("ok", name, flush=True)
    except Exception as error:  # whatever it is: it is a failure, and the others are tried
        print("not ok", name, flush=True)
        print(type(error).__name__, error, "line", error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else "", flush=True)
