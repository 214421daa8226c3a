"""Requests on fresh connections, 256 at a time: no failure, no descriptor leaked, memory flat."""

import asyncio
import json
import time

from server import Server, arguments, check, fixture, rollouts


async def one(server, item):
    reader, writer = await asyncio.open_connection(server.host, server.port)
    body = json.dumps({"rollouts": [item]}).encode()
    head = f"POST /v1/rewards HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    status = await reader.readline()
    length = 0
    while (line := await reader.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    answer = json.loads(await reader.readexactly(length))
    writer.close()
    return status.startswith(b"HTTP/1.1 200") and len(answer["data"][0]["steps"]) == len(item["steps"])


async def burst(server, items, total, width):
    places = asyncio.Semaphore(width)

    async def guarded(index):
        async with places:
            try:
                return await one(server, items[index % len(items)])
            except OSError as error:
                print(f"request {index}: {error}")
                return False

    return sum(await asyncio.gather(*(guarded(i) for i in range(total))))


def settled(server, base):
    """The number of descriptors, once the last closes have been seen."""
    for _ in range(50):
        if server.descriptors() <= base:
            break
        time.sleep(0.1)
    return server.descriptors()


def main():
    options = arguments(__doc__)
    total = 2_000 if options.short else 10_000
    items = rollouts(200)
    with Server(fixture("qwen-prm")) as server:
        # Buffers and thread stacks are made when they are first needed.
        asyncio.run(burst(server, items, 1_000, 256))
        base_descriptors = settled(server, 0)
        base_bytes = server.resident_bytes()
        started = time.monotonic()
        good = asyncio.run(burst(server, items, total, 256))
        seconds = time.monotonic() - started
        descriptors = settled(server, base_descriptors)
        growth = server.resident_bytes() - base_bytes
        check(good == total, f"{total - good} of {total} requests failed")
        check(descriptors <= base_descriptors, f"{descriptors - base_descriptors} descriptors leaked")
        check(growth <= 16 << 20, f"memory grew by {growth} bytes")
    print(f"{total} requests on fresh connections, 256 at a time: {total / seconds:.0f} a second,"
          f" 0 failed, 0 descriptors leaked, memory {growth / 2**20:+.1f} MiB")


main()
