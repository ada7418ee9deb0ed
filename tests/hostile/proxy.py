"""proxy.py PORT: hostile requests to the API of chaosctl proxy on that port; a line `ok NAME` or `not ok NAME` each.
proxy.py PORT crowd: more connections than it has descriptors for.  proxy.py count: how many there are."""
import json
import random
import socket
import sys
import time

tests = []


def test(function):
    tests.append(function)
    return function


def connect(port=None):
    return socket.create_connection(("127.0.0.1", port or api), timeout=20)


def raw(request):
    """All that is answered until the other end closes or has said a whole answer."""
    with connect() as c:
        try:
            c.sendall(request)
        except OSError:
            pass
        data = b""
        while True:
            try:
                part = c.recv(65536)
            except OSError:
                return data
            data += part
            head, _, body = data.partition(b"\r\n\r\n")
            length = [int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")]
            if not part or (length and len(body) >= length[0]) or (_ and b" 204 " in head):
                return data


def ask(method, path, body=b"", *headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", ""]
    answer = raw("\r\n".join(lines).encode() + body)
    head, _, text = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def refused(answer, status, error):
    """As Toxiproxy says it."""
    got, said = answer
    assert got == status and said["status"] == status and error in said["error"], answer


def proxy(**fields):
    return {"name": "test", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9", **fields}


@test
def what_is_no_json_is_a_bad_request():
    for body in (b"", b"{", b"garbage", b"\xff\xfe", b'{"name": "\\u0000"}', b"[" * 100000, b'{"a":' * 50000):
        refused(ask("POST", "/proxies", body), 400, "bad request body")
        got, said = ask("POST", "/populate", body)
        assert got == 400 and said["proxies"] == [], said


@test
def so_is_what_has_the_wrong_type():
    for body in ([], "text", 5, None, {"name": 5}, proxy(enabled="yes"), proxy(listen={}), proxy(upstream=[])):
        refused(ask("POST", "/proxies", body), 400, "bad request body")
    refused(ask("POST", "/populate", {"name": "test"}), 400, "bad request body")


@test
def fields_that_are_missing_are_named():
    refused(ask("POST", "/proxies", {}), 400, "missing required field: name")
    refused(ask("POST", "/proxies", {"name": "", "upstream": "a:1"}), 400, "missing required field: name")
    refused(ask("POST", "/proxies", {"name": "test"}), 400, "missing required field: upstream")
    refused(ask("POST", "/populate", [proxy(), {"name": "x"}]), 400, "missing required field: upstream at proxy 2")
    assert ask("GET", "/proxies") == (200, {}), "the first was made"


@test
def addresses_that_are_none_are_refused():
    for upstream in ("x", "x:", "x:y", "x:99999", "a:b:1", "unix:", "unix:" + "x" * 200, "h" * 300 + ":1"):
        refused(ask("POST", "/proxies", proxy(upstream=upstream)), 400, "bad request body")
    for listen in ("x", "127.0.0.1:http", "192.0.2.1:1", "no-such-host.invalid:1"):
        refused(ask("POST", "/proxies", proxy(listen=listen)), 500, "listen tcp")
    assert ask("GET", "/proxies") == (200, {})


@test
def names_that_are_taken_conflict():
    assert ask("POST", "/proxies", proxy())[0] == 201
    refused(ask("POST", "/proxies", proxy()), 409, "proxy already exists")
    assert ask("POST", "/proxies/test/toxics", {"type": "latency"})[0] == 200
    refused(ask("POST", "/proxies/test/toxics", {"type": "latency"}), 409, "toxic already exists")
    listen = ask("GET", "/proxies/test")[1]["listen"]
    refused(ask("POST", "/proxies", proxy(name="other", listen=listen)), 500, "Address already in use")
    assert list(ask("GET", "/proxies")[1]) == ["test"]
    assert ask("DELETE", "/proxies/test")[0] == 204


@test
def what_is_not_there_is_not_found():
    for method, path in (("GET", ""), ("POST", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/toxics"), ("POST", "/toxics"), ("GET", "/toxics/x")):
        refused(ask(method, "/proxies/nobody" + path, {}), 404, "proxy not found")
    ask("POST", "/proxies", proxy())
    for method in ("GET", "POST", "PATCH", "DELETE"):
        refused(ask(method, "/proxies/test/toxics/x", {}), 404, "toxic not found")
    for path in ("/", "/x", "/proxies/", "//proxies", "/proxies/test/", "/proxies/test/x", "/proxies/test/toxics/x/y", "/proxies/%", "/proxies/%00",
                 "/proxies/" + "a" * 5000):
        assert ask("GET", path)[0] == 404, path
    for method, path in (("PUT", "/proxies"), ("DELETE", "/proxies"), ("GET", "/reset"), ("POST", "/version"), ("BREW", "/proxies/test")):
        assert ask(method, path)[0] == 405, (method, path)
    ask("DELETE", "/proxies/test")


@test
def toxics_that_are_none_are_refused():
    ask("POST", "/proxies", proxy())
    for body, error in (({}, "invalid toxic type"), ({"type": "latncy"}, "invalid toxic type"), ({"type": "down"}, "invalid toxic type"),
                        ({"type": "latency", "stream": "sideways"}, "stream was invalid"), ([], "bad request body"),
                        ({"type": 5}, "bad request body"), ({"type": "latency", "toxicity": "all"}, "bad request body"),
                        ({"type": "latency", "attributes": {"latency": "long"}}, "bad request body"),
                        ({"type": "latency", "attributes": {"latency": 1.5}}, "bad request body"),
                        ({"type": "latency", "attributes": []}, "bad request body")):
        refused(ask("POST", "/proxies/test/toxics", body), 400, error)
    refused(ask("POST", "/proxies/test/toxics", b'{"type":"latency","attributes":{"latency":99999999999999999999}}'), 400, "bad request body")
    assert ask("GET", "/proxies/test/toxics") == (200, [])
    assert ask("DELETE", "/proxies/test")[0] == 204


@test
def an_update_that_fails_changes_nothing():
    ask("POST", "/proxies", proxy())
    before = ask("GET", "/proxies/test")
    refused(ask("POST", "/proxies/test", {"upstream": "nowhere"}), 400, "bad request body")
    refused(ask("POST", "/proxies/test", b"{"), 400, "bad request body")
    assert ask("GET", "/proxies/test") == before
    toxic = {"type": "latency", "attributes": {"latency": 5}}
    made = ask("POST", "/proxies/test/toxics", toxic)[1]
    refused(ask("POST", "/proxies/test/toxics/latency_downstream", {"attributes": {"latency": 7, "jitter": "x"}}), 400, "bad request body")
    assert ask("GET", "/proxies/test/toxics/latency_downstream")[1] == made
    ask("DELETE", "/proxies/test")


@test
def numbers_that_are_silly_are_kept_and_do_no_harm():
    ask("POST", "/proxies", proxy())
    for i, value in enumerate((-1, 0, 2**63 - 1, -2**63)):
        for kind, names in (("latency", ("latency", "jitter")), ("bandwidth", ("rate",)), ("slow_close", ("delay",)),
                            ("slicer", ("average_size", "size_variation", "delay")), ("limit_data", ("bytes",))):
            status, said = ask("POST", "/proxies/test/toxics", {"type": kind, "name": f"{kind}{i}", "toxicity": value, "attributes": {n: value for n in names}})
            assert status == 200 and said["attributes"][names[0]] == value, said
    ask("DELETE", "/proxies/test")


@test
def a_proxy_has_so_many_toxics_and_no_more():
    ask("POST", "/proxies", proxy())
    for i in range(32):
        assert ask("POST", "/proxies/test/toxics", {"type": "latency", "name": str(i)})[0] == 200
    refused(ask("POST", "/proxies/test/toxics", {"type": "latency"}), 500, "at most 32 toxics")
    assert [t["name"] for t in ask("GET", "/proxies/test/toxics")[1]] == [str(i) for i in range(32)]
    ask("DELETE", "/proxies/test")


@test
def a_name_may_have_any_character():
    for name in ("a/b", "ä ö", "%2F", "\"\\\n", "x" * 200, "..", "*"):
        assert ask("POST", "/proxies", proxy(name=name))[0] == 201
        path = "/proxies/" + "".join(f"%{b:02x}" for b in name.encode())
        assert ask("GET", path)[1]["name"] == name
        assert ask("GET", "/metrics")[0] == 200
        assert ask("DELETE", path)[0] == 204


@test
def a_browser_is_kept_out():
    assert ask("POST", "/reset", b"", "User-Agent: Mozilla/5.0 (X11)")[0] == 403


@test
def a_body_that_is_too_large_is_refused():
    refused(ask("POST", "/populate", b"[" + b" " * 3000000 + b"]"), 413, "larger than 1 MiB")
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = raw(b"POST /populate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + piece * 40 + b"0\r\n\r\n")
    assert b" 413 " in answer.split(b"\r\n")[0], answer[:200]
    # Told before it is sent, it is not waited for.
    assert b" 413 " in raw(b"POST /populate HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n").split(b"\r\n")[0]


@test
def what_is_no_http_is_answered_or_cut_off():
    garbage = random.Random(3)
    for request in (b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET /proxies HTTP/9.9\r\n\r\n", b"POST /proxies HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n", garbage.randbytes(5000)):
        with connect() as c:
            c.settimeout(1)
            try:
                c.sendall(request)
                c.recv(1000)
            except OSError:
                pass
    assert ask("GET", "/version")[0] == 200


@test
def those_who_say_half_a_request_stop_nobody():
    slow = [connect() for _ in range(200)]
    for c in slow:
        c.sendall(b"POST /proxies HTTP/1.1\r\nContent-Le")
    begun = time.monotonic()
    assert ask("GET", "/version")[0] == 200
    assert time.monotonic() - begun < 10
    for c in slow:
        c.close()


@test
def proxies_that_come_and_go_leave_nothing():
    for i in range(200):
        assert ask("POST", "/proxies", proxy(name=f"p{i}"))[0] == 201
        ask("POST", f"/proxies/p{i}/toxics", {"type": "latency", "attributes": {"latency": 10000}})
    for i in range(200):
        port = int(ask("GET", f"/proxies/p{i}")[1]["listen"].rsplit(":", 1)[1])
        try:
            connect(port).close()
        except OSError:
            pass
        assert ask("DELETE", f"/proxies/p{i}")[0] == 204
    assert ask("GET", "/proxies") == (200, {})


def crowd():
    """A server of one's own behind the proxy; the first connection is there before the crowd."""
    door = socket.create_server(("127.0.0.1", 0), backlog=500)
    made = ask("POST", "/proxies", proxy(upstream=f"127.0.0.1:{door.getsockname()[1]}"))[1]
    port = int(made["listen"].rsplit(":", 1)[1])
    first = connect(port)
    behind = door.accept()[0]
    rest = []
    for _ in range(200):
        try:
            rest.append(connect(port))
        except OSError:
            pass
    time.sleep(0.5)
    behind.sendall(b"still here")
    assert first.recv(10) == b"still here"


if sys.argv[1] == "count":
    print(len(tests))
    sys.exit()
api = int(sys.argv[1])
if len(sys.argv) > 2:
    crowd()
    sys.exit()
for function in tests:
    name = function.__name__.replace("_", " ")
    try:
        function()
        print("ok", name, flush=True)
    except Exception as error:  # whatever it is: it is a failure, and the others are tried
        line = error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else ""
        print("not ok", name, "\n", type(error).__name__, error, "line", line, flush=True)
