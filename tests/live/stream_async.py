"""stream_async.py PORT N: asyncio asks a slow Redis over N connections at once, until it is fast again; a line `KEY
VALUE` each, times in milliseconds."""
import asyncio
import sys
import time

port, n = int(sys.argv[1]), int(sys.argv[2])


async def ask(i):
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = b"%d" % i
    writer.write(b"ECHO x%s\r\n" % text)
    right = await reader.readline() == b"$%d\r\n" % (len(text) + 1) and await reader.readline() == b"x%s\r\n" % text
    writer.close()
    await writer.wait_closed()
    return right, round(1000 * (time.monotonic() - started))


async def tick(gaps):
    """The loop's other work: how long it was kept from it."""
    while True:
        started = time.monotonic()
        await asyncio.sleep(0.002)
        gaps.append(round(1000 * (time.monotonic() - started)))


async def everybody():
    started = time.monotonic()
    answers = await asyncio.gather(*(ask(i) for i in range(n)))
    return answers, round(1000 * (time.monotonic() - started))


async def main():
    gaps = []
    other = asyncio.create_task(tick(gaps))
    answers, ms = await everybody()
    other.cancel()
    print(f"right {sum(right for right, _ in answers)} of {n}")
    print("quickest", min(ms for _, ms in answers))
    print("slowest", max(ms for _, ms in answers))
    print("together", ms)
    print("stall", max(gaps))
    started = time.monotonic()
    try:
        await asyncio.wait_for(ask(0), 0.03)
        print("impatient answered")
    except asyncio.TimeoutError:
        print("impatient TimeoutError")
    print("impatient_ms", round(1000 * (time.monotonic() - started)), flush=True)
    for _ in range(100):
        answers, ms = await everybody()
        if min(ms for _, ms in answers) < 100:
            break
        await asyncio.sleep(0.1)
    print(f"lifted {sum(right for right, _ in answers)} of {n}")
    print("lifted_quickest", min(ms for _, ms in answers))


asyncio.run(main())
