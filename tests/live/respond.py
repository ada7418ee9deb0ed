"""respond.py URL: what http.client, urllib3, requests and asyncio see of a server that answers 503 to all that asks for /no; a line
`KEY VALUE` each."""
import asyncio
import http.client
import socket
import sys
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])


def by_http_client():
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
    seen = []
    for method, path, body in (("GET", "/page", None), ("POST", "/no", b"x" * 200000), ("GET", "/page", None),
                               ("HEAD", "/no", None), ("GET", "/page", None)):
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        seen.append(str(answer.status))
    return " ".join(seen)


def chunked():
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
    connection.request("PUT", "/no", iter([b"one", b"two"]), encode_chunked=True)
    return connection.getresponse().read().decode()


def by_urllib3():
    import urllib3
    pool = urllib3.PoolManager(timeout=20, retries=False)
    seen = [pool.request("GET", sys.argv[1] + path).status for path in ("/page", "/no", "/page", "/no", "/no", "/page")]
    return " ".join(map(str, seen))


def by_requests():
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(total=2, status_forcelist=[503], backoff_factor=0)))
    try:
        session.get(sys.argv[1] + "/no", timeout=20)
    except requests.exceptions.RetryError as error:
        return "RetryError" if "too many 503" in str(error) else repr(error)
    return "an answer"


async def ask(path):
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer.split()[1].decode()


async def by_asyncio():
    seen = await asyncio.gather(*(ask("/no" if i % 2 else "/page") for i in range(40)))
    return f"{seen[0::2].count('200')} {seen[1::2].count('503')}"


def by_hand():
    with socket.create_connection((url.hostname, url.port), 20) as s, s.makefile("rb") as f:
        s.sendall(b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n")
        return f.readline().decode().strip()


print("http.client", by_http_client())
print("chunked", chunked())
print("urllib3", by_urllib3())
print("requests", by_requests())
print("asyncio", asyncio.run(by_asyncio()))
print("makefile", by_hand())
