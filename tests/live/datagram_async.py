"""An asyncio endpoint: asks five questions at once, then one with tries of half a second, while a timer goes on."""
import asyncio
import sys
import time


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.answers, self.came = [], asyncio.Event()

    def datagram_received(self, data, address):
        self.answers.append((data.decode(), time.monotonic()))
        self.came.set()


async def tick(stalls):
    while True:
        start = time.monotonic()
        await asyncio.sleep(0.01)
        stalls.append(time.monotonic() - start)


async def main(port, patience):
    loop, stalls = asyncio.get_running_loop(), []
    ticking = loop.create_task(tick(stalls))
    transport, client = await loop.create_datagram_endpoint(Client, remote_addr=("127.0.0.1", port))
    start = time.monotonic()
    for i in range(5):
        transport.sendto(b"%d" % i)
    await asyncio.sleep(patience)
    print("answers", " ".join(text for text, _ in client.answers))
    print("first", int((client.answers[0][1] - start) * 1000) if client.answers else "none")
    print("last", int((client.answers[-1][1] - start) * 1000) if client.answers else "none")
    client.answers.clear()
    tries = 0
    while tries < 20 and not any(text == "again" for text, _ in client.answers):
        tries += 1
        client.came.clear()
        transport.sendto(b"again")
        try:
            await asyncio.wait_for(client.came.wait(), 0.5)
        except asyncio.TimeoutError:
            pass
    print("tries", tries if client.answers else "all")
    ticking.cancel()
    print("stall", int(max(stalls) * 1000))


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
