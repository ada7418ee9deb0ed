"""fetch_async.py PORT PATH N: "shim" or "no shim", how many of N answers were whole, and the SHA-256 of all of them."""
import asyncio
import hashlib
import sys

port, path, n = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])


async def fetch():
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    return hashlib.sha256(body).hexdigest()


async def main():
    digests = await asyncio.wait_for(asyncio.gather(*(fetch() for _ in range(n))), 20)
    shim = "shim" if "/libchaosctl.so" in open("/proc/self/maps").read() else "no shim"
    print(shim, len(digests), *sorted(set(digests)))


asyncio.run(main())
