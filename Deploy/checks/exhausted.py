"""Out of descriptors a server waits without spinning, answers whom it has, and goes on when there are some again."""

import resource
import socket
import time

from clients import request
from gauges import Gauges
from probe import ITEM, good
from server import Server, arguments, check

CALLERS = 200
# Of one processor, over the seconds without a descriptor.
SPIN_LIMIT = 0.1
# What a process with so few starts with: the least at which it has room for callers at all (it keeps 64 to itself).
FEW = 64


def callers(server):
    """Connections on which a good request is on its way, whoever accepts them."""
    message = request("/v1/rewards", {"rollouts": [ITEM]}).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    opened = []
    for _ in range(CALLERS):
        opened.append(socket.create_connection((server.host, server.port), timeout=60))
        opened[-1].sendall(message)
    return opened


def answered(opened):
    """How many of them get a whole answer, with status 200."""
    count = 0
    for connection in opened:
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
        count += answer.startswith(b"HTTP/1.1 200") and answer.rstrip().endswith(b"}")
        connection.close()
    return count


def idle(server, count):
    return [socket.create_connection((server.host, server.port), timeout=60) for _ in range(count)]


def resting(gauges, seconds, what):
    """Nothing happens, so hardly any processor may be used."""
    busy = gauges.processor_seconds
    time.sleep(seconds)
    share = (gauges.processor_seconds - busy) / seconds
    print(f"   {what}: {share:.3f} processors")
    check(share <= SPIN_LIMIT, f"{what} it spins: {share:.2f} processors")


def from_the_start(seconds):
    """A limit so low that idle connections have to go for others, and busy ones are waited for."""
    with Server(None, "--no-cache", descriptors=FEW) as server:
        gauges, expected = Gauges(server.process.pid), good(server)
        held = idle(server, CALLERS)
        check(good(server) == expected, "a good request behind idle ones")
        slow = idle(server, CALLERS)
        for connection in slow:
            connection.sendall(b"POST /v1/rewards HTTP/1.1\r\n")
        time.sleep(0.5)
        resting(gauges, seconds, f"with {FEW} descriptors, {CALLERS} slow callers before the door")
        for connection in held + slow:
            connection.close()
        check(good(server) == expected, "a good request after slow ones")
        check(answered(callers(server)) == CALLERS, "callers at once are lost")


def all_gone(seconds):
    """The limit falls while it serves, so that accepting fails in the kernel."""
    with Server(None, "--no-cache") as server:
        gauges, expected = Gauges(server.process.pid), good(server)
        before = gauges.descriptors
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        # No number is free below those in use; eight more connections, and then none.
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (before + 8, limits[1]))
        held = idle(server, 8)
        time.sleep(0.2)
        # Routes that wait, sleep and time themselves out must not need a descriptor of their own.
        waiting = held[0]
        waiting.sendall(request("/get_reward", {"query": ["1 + 1 = 2"], "prompts": ["1 + 1"]}))
        check(waiting.recv(12) == b"HTTP/1.1 200", "a trainer's request without a free descriptor")
        opened = callers(server)
        resting(gauges, seconds, f"without a descriptor, {CALLERS} callers before the door")
        check(server.process.poll() is None, "it ended")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
        count = answered(opened)
        check(count == CALLERS, f"only {count} of {CALLERS} were answered when there were descriptors again")
        for connection in held:
            connection.close()
        check(good(server) == expected, "other rewards afterwards")
        time.sleep(1)
        more = gauges.descriptors - before
        check(more <= 0, f"{more} descriptors are left")


def main():
    seconds = 2 if arguments(__doc__).short else 10
    from_the_start(seconds)
    all_gone(seconds)
    print(f"out of descriptors: nobody of {CALLERS} lost, no spinning")


if __name__ == "__main__":
    main()
