"""Rows C-15 to C-19 and C-22 to C-25 of reference/wire-apis.md section 8: how the service behaves."""

import concurrent.futures
import gzip
import pathlib
import signal
import socket
import tempfile
import time

import dialects
from clients import Burst, ask, begun, busy, metric, request, reset, send, until
from dialects import ROUTES, native, queries
from models import GOLDEN, middle
from rows_numbers import APPLES, SUM, good, mixed, refused
from server import Server, check

SCORING = {
    **{path: dialect.body([SUM]) for path, dialect in ROUTES.items()},
    "/v1/rewards": native([SUM]),
    "/v1/credit": {"rollouts": [{"rewards": [0.5]}]},
}


class Slow(Server):
    """A model whose forward takes a while, so that something can happen meanwhile."""

    def __init__(self, seed, *flags):
        self.folder = tempfile.TemporaryDirectory()
        super().__init__(middle(self.folder.name + "/middle", seed), "--threads", "1", *flags)

    def __exit__(self, *reason):
        super().__exit__(*reason)
        self.folder.cleanup()


def rest(connection):
    """What still comes on a connection that is closed afterwards, as text."""
    text = b""
    while piece := connection.recv(1 << 16):
        text += piece
    return text.decode()


def c15(server, options):
    """1,000 connections at once, one request each: none is reset."""
    items = mixed(1000, options.seed)
    for dialect in (ROUTES["/get_reward"], ROUTES["/"]):
        burst = Burst(server, [request(dialect.path, dialect.body([item])) for item in items])
        check(not burst.failures, f"{dialect.path}: {len(burst.failures)} failed, {burst.failures[:2]}")
        check(all(answer.status == 200 for answer in burst.answers), f"{dialect.path}: not every status is 200")


def c16(_, options):
    """A connection serves again after 20 s of rest; SIGTERM: what runs or waits is answered, nobody new sent here."""
    with Slow(options.seed, "--max-queue-tokens", "100") as server:
        kept = server.connect()
        good(server, "/get_reward", queries([SUM]), connection=kept)
        # Or http.client would connect anew without a word.
        kept.auto_open = 0
        time.sleep(20)
        good(server, "/get_reward", queries([SUM]), connection=kept)
        running = send(server, "/get_reward", queries(mixed(150, options.seed)))
        check(until(lambda: metric(server, "linchpin_running_rollouts") > 0), "the long request does not run")
        waiting = send(server, "/rm", dialects.slime([APPLES]))
        check(until(lambda: metric(server, "linchpin_waiting_rollouts") == 1), "the queue has room")
        # Idle and new connections are served for half a second more; who has begun to ask, as long as it needs.
        late = request("/get_reward", queries([SUM]))
        probe, work = begun(server, b"GET /health/ready HTTP/1.1\r\n"), begun(server, late[:-9])
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        probe.sendall(b"Host: l\r\n\r\n")
        work.sendall(late[-9:])
        check(rest(probe).startswith("HTTP/1.1 503"), "/health/ready is not 503 after SIGTERM")
        # Promise P8: it is answered, since its connection was accepted; 503 would be right as well.
        status = rest(work)[9:12]
        check(status in ("200", "503"), f"work that came after SIGTERM: {status!r}")
        for name, connection in (("ran", running), ("waited", waiting)):
            check(rest(connection).startswith("HTTP/1.1 200"), f"what {name} at SIGTERM was not answered")
        check(server.process.wait(30) == 0, "the exit code is not 0")
        with socket.socket() as probe:
            check(probe.connect_ex((server.host, server.port)) != 0, "the port is still open")


def c17(_, options):
    """A full queue: trainers' routes wait, then 503 with Retry-After; 429 on the native route alone."""
    waits = [(path, 2.0) for path in ROUTES] + [("/get_reward?wait=1", 1.0)]
    with concurrent.futures.ThreadPoolExecutor(len(waits)) as pool:
        with Slow(options.seed, "--max-queue-tokens", "100", "--wait-seconds", "2") as server, busy(server):
            answer = ask(server, "/v1/rewards", native([SUM]))
            check(answer.status == 429 and answer.headers["Retry-After"], f"/v1/rewards: {answer.status}")
            bodies = [SCORING[path.partition("?")[0]] for path, _ in waits]
            answers = list(pool.map(lambda wait, body: ask(server, wait[0], body), waits, bodies))
            for (path, seconds), answer in zip(waits, answers):
                check(answer.status == 503, f"{path}: {answer.status} {answer.body[:200]}")
                check(int(answer.headers["Retry-After"]) >= 1, f"{path}: Retry-After {answer.headers['Retry-After']}")
                check(seconds - 0.1 <= answer.seconds < seconds + 8, f"{path}: 503 after {answer.seconds:.1f} s")
            check(metric(server, "linchpin_waiting_rollouts") == 0, "some of them still wait")
        with Slow(options.seed, "--max-queue-tokens", "100") as server:
            with busy(server):
                patient = [pool.submit(ask, server, path, SCORING[path]) for path in ROUTES]
                waiting = until(lambda: metric(server, "linchpin_waiting_rollouts") == len(patient))
                check(waiting, "not every route waits for room")
            # The long request has left.
            for path, future in zip(ROUTES, patient):
                check(future.result().status == 200, f"{path}: {future.result().status} once there is room")


def c18(_, options):
    """Who leaves while it waits is never run, in the queue and before it."""
    for flags in ((), ("--max-queue-tokens", "100")):
        with Slow(options.seed, *flags) as server, busy(server):
            left = [send(server, path, SCORING[path]) for path in ROUTES for _ in range(4)]
            queued = "linchpin_waiting_rollouts" if flags else "linchpin_queue_rollouts"
            before = metric(server, queued)
            check(before >= len(left) or until(lambda: metric(server, queued) >= len(left)), "they do not wait")
            time.sleep(0.3)
            for number, connection in enumerate(left):
                reset(connection) if number % 2 else connection.close()
            dropped = "linchpin_dropped_rollouts_total"
            until(lambda: metric(server, dropped) == len(left))
            check(metric(server, dropped) == len(left), f"{metric(server, dropped)} of {len(left)} dropped")
            scored = metric(server, 'linchpin_rollouts_total{outcome="scored"}')
            check(scored == 0, f"{scored} scored for callers that had left")


def c19(_, options):
    """The same body twice in flight: the tokens of one forward, and two equal answers."""
    items = mixed(40, options.seed)
    computed = "linchpin_computed_tokens_total"
    with Slow(options.seed, "--no-cache") as server:
        good(server, "/get_reward", queries(items))
        once = metric(server, computed)
    for flags in ((), ("--no-cache",)):
        with Slow(options.seed, *flags) as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
            with busy(server, rollouts=40):
                both = [pool.submit(ask, server, "/get_reward", queries(items)) for _ in range(2)]
                waiting = until(lambda: metric(server, "linchpin_queue_rollouts") >= 2 * len(items))
                check(waiting, "the two do not wait together")
                answers = [future.result() for future in both]
            check([answer.status for answer in answers] == [200, 200], "not both are answered")
            check(answers[0].body == answers[1].body, "the two answers differ")
            extra = metric(server, computed) - 40 * 500
            check(extra == once, f"{extra:.0f} tokens for two that wait, {once:.0f} for one {flags}")
    with Slow(options.seed) as server:
        first = send(server, "/get_reward", queries(items))
        check(until(lambda: metric(server, "linchpin_running_rollouts") > 0), "the first does not run")
        second = send(server, "/get_reward", queries(items))
        # A trainer that comes again has often left the first time.
        reset(first)
        check(second.recv(12) == b"HTTP/1.1 200", "the second is not answered")
        check(metric(server, computed) == once, f"{metric(server, computed):.0f} tokens for two, {once:.0f} for one")


def c22(_, options):
    """With keys, every scoring route is 401 without one; four ways to show it; it is in no log and in no metric."""
    key, other = "s3cret.41_key-", "0ther-key"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "keys")
        file.write_text(f"{other}\n{key}\n")
        file.chmod(0o600)
        flags = ("--api-key-file", str(file), "--log-level", "trace")
        with Server(str(GOLDEN), *flags, "--public-metrics") as server, Server(str(GOLDEN), *flags) as private:
            for path, body in SCORING.items():
                shown(server, path, body, key)
            shown(server, "/v1/models", None, other)
            for path in ("/health", "/health/live", "/health/ready", "/ping", "/v2/health/ready"):
                check(ask(server, path).status == ask(private, path).status == 200, f"{path} asks for a key")
            check(ask(server, "/metrics").status == 200, "--public-metrics does not show them")
            check(ask(private, "/metrics").status == 401, "/metrics asks for no key")
            page = ask(private, "/metrics", headers={"Authorization": "Bearer " + key})
            check(page.status == 200, "/metrics is hidden from who has a key")
            for body in (page.body, ask(server, "/metrics").body):
                check(key.encode() not in body, "the key is in /metrics")
            for one in (server, private):
                one.log.seek(0)
                log = one.log.read()
                check(b"/get_reward" in log or one is private, "nothing is logged, so the row shows nothing")
                check(key.encode() not in log and other.encode() not in log, "a key is in the log")


def shown(server, path, body, key):
    """A path without a key, with wrong ones, and with the right one in each of its places."""
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": key}, {"X-Api-Key": key[:-1]}):
        answer = ask(server, path, body, headers=headers)
        said = (answer.status, answer.headers["WWW-Authenticate"])
        check(said == (401, "Bearer"), f"{path} {list(headers)}: {said}")
        check(key.encode() not in answer.body, f"{path}: the answer has a key")
    for wrong in (f"{path}?api_key=wrong", f"{path}?api_key={key}x", f"/wrong{path}", f"/{key}x{path}"):
        check(ask(server, wrong, body).status in (401, 404), f"{wrong} is served")
    right = [{"Authorization": f"Bearer {key}"}, {"Authorization": f"bearer {key}"}, {"X-Api-Key": key}]
    places = [(path, headers) for headers in right] + [(f"{path}?api_key={key}", {}), (f"/{key}{path}", {})]
    if path == "/":
        places.append((f"/{key}", {}))
    for place, headers in places:
        answer = ask(server, place, body, headers=headers)
        check(answer.status == 200, f"{place.replace(key, 'KEY')} {list(headers)}: {answer.status} {answer.body[:200]}")


def c23(_, __):
    """A body past the limit is a 413 before it is read; a gzip bomb is refused, and takes no memory."""
    with Server(str(GOLDEN), "--max-body-bytes", "10000") as server:
        for path in SCORING:
            head = f"POST {path} HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\n"
            for framed in (
                f"{head}Content-Length: 10001\r\n\r\n{{",
                f"{head}Transfer-Encoding: chunked\r\n\r\n2711\r\n" + " " * 10_000,
            ):
                with socket.create_connection((server.host, server.port), timeout=20) as connection:
                    connection.sendall(framed.encode())
                    check(connection.recv(12) == b"HTTP/1.1 413", f"{path}: no 413 for 10001 bytes")
        bomb = gzip.compress(bytes(100 << 20))[:9000]
        before = server.resident_bytes()
        for path in SCORING:
            refused(server, path, bomb, status=413, headers={"Content-Encoding": "gzip"})
            refused(server, path, b"{}", status=415, headers={"Content-Encoding": "br"})
        growth = server.resident_bytes() - before
        check(growth < 20 << 20, f"a bomb took {growth} bytes")


def c24(server, _):
    """HEAD and GET of a route that is POST's: 405 with Allow."""
    for path in SCORING:
        methods = ("PUT", "PATCH", "DELETE") if path == "/" else ("GET", "HEAD", "PUT", "PATCH", "DELETE")
        for method in methods:
            answer = ask(server, path, method=method)
            check(answer.status == 405, f"{method} {path}: {answer.status}")
            allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
            check(allowed == ({"POST", "GET", "HEAD"} if path == "/" else {"POST"}), f"{method} {path}: {allowed}")


def c25(server, _):
    """X-Request-Id comes back, and in the body's id; traceparent too; what is not valid is ignored."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for path, body in SCORING.items():
        answer = ask(server, path, body, headers={"X-Request-Id": "rid-7/a", "traceparent": trace})
        check((answer.status, answer.headers["X-Request-Id"]) == (200, "rid-7/a"), f"{path}: {answer.headers}")
        check(answer.headers["traceparent"] == trace, f"{path}: {answer.headers['traceparent']}")
        if isinstance(answer.value, dict) and path not in ("/get_reward", "/", "/rm"):
            check(answer.value["id"].endswith("rid-7/a"), f"{path}: id {answer.value['id']}")
        for wrong in ("two words", "x" * 129, "\xe9"):
            own = ask(server, path, body, headers={"X-Request-Id": wrong, "traceparent": "00-" + wrong})
            check(own.status == 200 and own.headers["X-Request-Id"] not in ("", None, wrong), f"{path}: {wrong!r}")
            check(own.headers["traceparent"] is None, f"{path}: a wrong traceparent comes back")
    for wrong in (trace.upper(), trace[:-1], "ff" + trace[2:], "00-" + "0" * 32 + trace[35:]):
        answer = ask(server, "/get_reward", SCORING["/get_reward"], headers={"traceparent": wrong})
        check(answer.status == 200 and answer.headers["traceparent"] is None, f"traceparent {wrong} comes back")
    answer = ask(server, "/rm", {}, headers={"X-Request-Id": "rid-8"})
    check(answer.value["error"].get("request_id", answer.value.get("request_id")) == "rid-8", f"{answer.body}")
