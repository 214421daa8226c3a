"""The metrics page and the log add up to what was sent; no value forges a line, and a log that nobody reads holds
nothing up."""

import collections
import json
import os
import pathlib
import re
import signal
import socket
import tempfile
import time

from clients import ask, begun, busy, metric, reset, send, until
from models import middle
from programs import Program
from server import BINARY, ROOT, Server, arguments, check, rollouts

# A stop need not wait for what balances load; and a line is logged for each request.
FLAGS = ("--grace-seconds", "0", "--log-level", "info")
# Rollouts of the request that keeps the kernel busy.
LONG = 200
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Page:
    """The series of a metrics page."""

    def __init__(self, server):
        self.text = ask(server, "/metrics").body.decode()
        self.series = {}
        for line in self.text.splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                check(name not in self.series, f"{name} is there twice")
                self.series[name] = float(value)

    def family(self, name):
        """Label values, as they stand in the braces, with the series' value."""
        return {key[len(name) + 1:-1]: value for key, value in self.series.items() if key.startswith(name + "{")}

    def sum(self, name):
        return sum(self.family(name).values()) + self.series.get(name, 0)


def requests(page):
    """How many by (route, status), without the looks at the page itself."""
    counted = {}
    for labels, count in page.family("linchpin_requests_total").items():
        route, status = re.fullmatch(r'route="(.*)",status="(\d+)"', labels).groups()
        if route != "/metrics":
            counted[route, int(status)] = int(count)
    return counted


class Sender:
    """Sends, and keeps book of what was sent and what came."""

    def __init__(self, server):
        self.server, self.came = server, collections.Counter()
        self.scored = self.tokens = self.timed = 0

    def ask(self, path, value=None, route=None, **options):
        answer = ask(self.server, path, value, **options)
        self.came[route or path.partition("?")[0], answer.status] += 1
        timing = answer.headers["Server-Timing"]
        if timing:
            self.timed += 1
            times = dict(re.findall(r"(\w+);dur=(\d+\.\d{3})(?:, |$)", timing))
            check(list(times) == ["queue", "tokenize", "kernel", "total"], f"Server-Timing: {timing}")
            parts = sum(float(times[name]) for name in ("queue", "tokenize", "kernel"))
            check(parts <= float(times["total"]) <= 1000 * answer.seconds + 5, f"{timing}, seen {answer.seconds:.3f} s")
        if timing:
            body = json.loads(answer.body)
            self.scored += sum(one["object"] in ("reward", "embedding") for one in body["data"])
            self.tokens += body["usage"]["total_tokens"]
        return answer

    def raw(self, message, route):
        """Bytes on a connection of their own; whatever comes back is one answer, of `route` or a refusal."""
        connection = begun(self.server, message)
        text = b""
        while piece := connection.recv(1 << 16):
            text += piece
        connection.close()
        check(text.count(b"HTTP/1.1 ") == 1, f"{message[:80]} is answered {text[:300]}")
        status = int(text[9:12])
        self.came[route if status == 200 else "refused", status] += 1
        return text


def scores(sender, items):
    """Answers of several dialects, and errors of several kinds."""
    for begin in range(0, len(items), 8):
        sender.ask("/v1/rewards", {"rollouts": items[begin:begin + 8]}, headers={"traceparent": TRACE})
    mixed = {"rollouts": [items[0], {"prompt": "p", "steps": []}]}
    check(sender.ask("/v1/rewards", mixed).status == 200, "one of two is scored")
    check(sender.ask("/v1/rewards", {"rollouts": [{"prompt": "p", "steps": []}]}).status == 422, "none is scored")
    check(sender.ask("/v1/rewards", b"[").status == 400, "no JSON")
    check(sender.ask("/v1/rewards", method="PUT", value=b"").status == 405, "PUT")
    turns = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2."}]
    check(sender.ask("/v1/embeddings", {"messages": turns}).status == 200, "OpenAI")
    check(sender.ask("/v1/credit", {"rollouts": [{"rewards": [0.5]}]}).status == 200, "credit")
    for number in range(40):
        sender.ask(f"/nowhere/{number}", route="unknown")


def hostile(sender):
    """Values that would forge a line or a field, if one could."""
    forged = b'x","level":"error","message":"forged'
    values = [b"a%0d%0aSet-Cookie: b", forged, b"\xff\xfe\xc3(", "\u2028\u2029\u0085".encode(), b"\x1b[2J", b"a\x00b",
              b"a\r\nX-Forged: b", b"a\nb", b"a\rb", b"x" * 65536, b"\\" * 4000, b"{}" * 64]
    for value in values:
        for name in (b"X-Request-Id", b"traceparent", b"User-Agent"):
            message = b"GET /version HTTP/1.1\r\nHost: l\r\nConnection: close\r\n" + name + b": " + value + b"\r\n\r\n"
            head = sender.raw(message, "/version").partition(b"\r\n\r\n")[0]
            check(b"Set-Cookie" not in head and b"X-Forged" not in head, f"{name} {value[:40]}: {head}")
    return len(values) * 3


def leaving(sender, item):
    """Callers that leave while they wait, are refused, or wait in vain; at last the long request leaves too."""
    left = 'linchpin_unscored_rollouts_total{reason="client_gone"}'
    with busy(sender.server, rollouts=LONG):
        check(sender.ask("/v1/rewards", {"rollouts": [item]}).status == 429, "a full queue")
        check(sender.ask("/rm?wait=0.2", {"prompt": "1+1?", "response": "2."}).status == 503, "a deadline")
        gone = [send(sender.server, "/rm", {"prompt": f"{n}+1?", "response": "2."}) for n in range(12)]
        waiting = until(lambda: metric(sender.server, "linchpin_waiting_requests") == len(gone))
        check(waiting and metric(sender.server, "linchpin_queue_requests") == 1, "the queue in requests")
        for number, connection in enumerate(gone):
            reset(connection) if number % 2 else connection.close()
        # Before there is room: one that has only ended its side is still answered where that is quick.
        check(until(lambda: metric(sender.server, left) == len(gone)), f"{metric(sender.server, left)} are gone")
    sender.came["/rm", 499] += len(gone)
    sender.came["/v1/rewards", 499] += 1
    check(until(lambda: metric(sender.server, left) == len(gone) + LONG), f"{metric(sender.server, left)} are gone")


def adds_up(page, sender):
    """Every number of the page that somebody else counted too."""
    counted = requests(page)
    check(counted == dict(sender.came), f"requests: {sorted(set(counted.items()) ^ set(sender.came.items()))}")
    sent = sum(sender.came.values())
    accepted = sum(count for (_, status), count in counted.items() if status < 300)
    gone = sum(count for (_, status), count in counted.items() if status == 499)
    refused = sum(count for (_, status), count in counted.items() if 300 <= status != 499)
    check(accepted + refused + gone == sent, f"{accepted} + {refused} + {gone} != {sent}")
    # A wholly unscorable request has the errors of its rollouts.
    codes = page.family("linchpin_errors_total")
    check(page.sum("linchpin_errors_total") == refused + gone - 1, f"errors: {codes}")
    wanted = {"invalid_json": 1, "method_not_allowed": 1, "unknown_path": 40, "overloaded": 1, "deadline_exceeded": 1}
    for code, count in wanted.items():
        check(codes.get(f'code="{code}"') == count, f"{code}: {codes}")
    check(page.family("linchpin_rollout_errors_total")['code="empty_steps"'] == 2, "empty_steps")
    outcomes, reasons = page.family("linchpin_rollouts_total"), page.family("linchpin_unscored_rollouts_total")
    check(outcomes == {'outcome="scored"': sender.scored, 'outcome="failed"': 2}, f"rollouts: {outcomes}")
    check(reasons['reason="deadline"'] == 1 and reasons['reason="fault"'] == 0, f"reasons: {reasons}")
    # The full queue may say so before the body is there, and with it before the rollouts are.
    turned_away = page.series["linchpin_turned_away_requests_total"]
    check(reasons['reason="overload"'] + turned_away >= 1, f"reasons: {reasons}, {turned_away} turned away")
    check(page.series["linchpin_tokens_total"] == sender.tokens > 0, "tokens are those of the answers")
    histograms(page, sender, sent)
    return sent, accepted, refused, gone


def histograms(page, sender, sent):
    """Each observation once, in buckets that rise to their count."""
    looks = page.series['linchpin_requests_total{route="/metrics",status="200"}']
    total = page.sum("linchpin_request_seconds_count")
    check(total == page.sum("linchpin_requests_total") == sent + looks, "each request is timed once")
    for phase in ("queue", "tokenize", "kernel"):
        check(page.sum(f"linchpin_{phase}_seconds_count") == sender.timed, f"{phase}: each scored request once")
    check(page.sum("linchpin_batch_fill_ratio_count") == page.sum("linchpin_batches_total") > 0, "rounds")
    latest = {}
    for name, value in page.series.items():
        if match := re.fullmatch(r'(\w+)_bucket\{(?:(.*),)?le="([^"]*)"\}', name):
            family, labels, bound = match.groups()
            check(value >= latest.get((family, labels), 0), f"{name} falls")
            latest[family, labels] = value
            count = page.series[f"{family}_count" + (f"{{{labels}}}" if labels else "")]
            check(bound != "+Inf" or value == count, f"{name} is not the count")
    check(len(latest) > 10, f"{len(latest)} histograms")


def read(log, page, sender):
    """Every line of the log is an object; one a request."""
    lines = [json.loads(line) for line in log.decode().splitlines()]
    for line in lines:
        check({"time", "level", "message"} <= set(line), f"{line}")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line["time"])
    asked = [line for line in lines if line["message"] == "request"]
    counted = collections.Counter((line["route"], line["status"]) for line in asked if line["route"] != "/metrics")
    check(counted == sender.came, f"lines: {sorted(set(counted.items()) ^ set(sender.came.items()))}")
    # Where others have the processors, the server may well say that its model is slow; no request is to blame.
    faults = [line for line in lines if line["level"] == "error" and "request_id" in line]
    check(not faults, f"faults: {faults}")
    check(sum("code" in line for line in asked) == page.sum("linchpin_errors_total"), "codes")
    check(sum(line.get("rollouts", 0) for line in asked) == page.sum("linchpin_rollouts_total"), "rollouts")
    check(sum(line.get("tokens", 0) for line in asked) == page.series["linchpin_tokens_total"], "tokens")
    check(sum(line.get("client_gone", False) for line in asked) >= 13, "callers that left")
    traced = [line for line in asked if "trace_id" in line]
    check(traced and all(TRACE == f"00-{line['trace_id']}-{line['span_id']}-01" for line in traced), "traces")
    return len(lines)


def book(model, seed):
    """Everything above against one server, and what promtool says of its page."""
    items = rollouts(64)
    with Server(model, "--threads", "1", "--max-queue-tokens", "3000", *FLAGS) as server:
        sender = Sender(server)
        scores(sender, items)
        attacks = hostile(sender)
        leaving(sender, items[seed % 64])
        page = Page(server)
        numbers = adds_up(page, sender)
        done = Program("promtool").run("check", "metrics", input=page.text)
        check(done.returncode == 0 and not done.stdout, f"promtool check metrics: {done.stdout}")
        process(server, page)
        server.process.terminate()
        check(server.process.wait(timeout=60) == 0, "a clean stop")
        server.log.seek(0)
        lines = read(server.log.read(), page, sender)
    families = page.text.count("# TYPE ")
    print("{} requests: {} accepted + {} refused + {} gone; ".format(*numbers)
          + f"{families} families, which promtool accepts; {lines} lines of JSON, {attacks} hostile values among them")


def languages(model):
    """Each model's queue, rounds and slots by its role; those of a request of signals are the policy's."""
    roles = ["prm", "policy", "reference"]
    many = [{**item, "prompt": f"{n}: {item['prompt']}", "answers": ["18"]} for n, item in enumerate(rollouts(16))]
    golden = ROOT / "Tests/Goldens/tiny-prm"
    beside = ("--model", f"policy={golden}", "--model", f"reference={golden}")
    with Server(model, *beside, "--threads", "1", *FLAGS) as server:
        check(ask(server, "/v1/credit", {"rollouts": many, "method": "mig"}).status == 200, "MIG")
        page = Page(server)
        done = Program("promtool").run("check", "metrics", input=page.text)
        check(done.returncode == 0 and not done.stdout, f"promtool check metrics: {done.stdout}")
    for family in ("queue_tokens", "waiting_tokens", "running_tokens", "batches_total", "slots_in_use", "queue_requests",
                   "kernel_busy_seconds_total", "computed_tokens_total", "batch_fill_ratio_count"):
        values = page.family(f"linchpin_{family}")
        check(sorted(values) == sorted(f'role="{role}"' for role in roles), f"{family}: {values}")
    rounds = page.family("linchpin_batches_total")
    check(rounds['role="policy"'] > 0 == rounds['role="reference"'], f"rounds: {rounds}")
    served = [re.search(r'role="(\w+)"', labels)[1] for labels in page.family("linchpin_model_info")]
    check(sorted(served) == sorted(roles), f"models: {served}")
    policy = rounds['role="policy"']
    print(f"three models: {policy:.0f} rounds of the policy, each model's numbers by its role")


def process(server, page):
    """What the page says of the process, beside what the system says."""
    folder = f"/proc/{server.process.pid}"
    resident = page.series["process_resident_memory_bytes"]
    check(abs(resident - server.resident_bytes()) < 16 << 20, f"{resident} bytes resident")
    check(abs(page.series["process_open_fds"] - server.descriptors()) <= 4, "descriptors")
    check(abs(page.series["process_start_time_seconds"] - os.stat(folder).st_ctime) < 5, "the start")
    limit = re.search(r"^Max open files +(\d+)", pathlib.Path(folder, "limits").read_text(), re.M)[1]
    check(page.series["process_max_fds"] == int(limit), "the limit of descriptors")


def wrapped(scratch, name, redirection):
    """The binary with another standard error."""
    path = pathlib.Path(scratch, name)
    path.write_text(f"#!/bin/sh\nexec {BINARY} \"$@\" {redirection}\n")
    path.chmod(0o755)
    return path


def flood(server, count, at_once=100):
    """Requests with long ids, many at a time; a connection takes no more than a thousand."""
    one = f"GET /version HTTP/1.1\r\nHost: l\r\nX-Request-Id: {'i' * 128}\r\ntraceparent: {TRACE}\r\n\r\n".encode()
    for _ in range(count // 1000 or 1):
        with socket.create_connection((server.host, server.port), timeout=60) as connection:
            for _ in range(min(count, 1000) // at_once):
                connection.sendall(one * at_once)
                answered(connection, at_once)


def answered(connection, count):
    """Reads until so many answers have begun."""
    came, tail = 0, b""
    while came < count:
        piece = connection.recv(1 << 16)
        check(piece, "the connection was closed")
        # A status line may come in two pieces.
        came += (tail + piece).count(b"HTTP/1.1 200") - tail.count(b"HTTP/1.1 200")
        tail = (tail + piece)[-11:]
    check(came == count, f"{came} answers to {count} requests")


def unread(model, scratch, item):
    """A log that goes to a pipe nobody reads, to a full disk, to nothing: the bits are the same, and in time."""
    dropped = "linchpin_dropped_log_lines_total"
    with Server(model, *FLAGS) as server:
        wanted = server.post("/v1/rewards", {"rollouts": [item]})[1]["data"]
    pipe = pathlib.Path(scratch, "pipe")
    os.mkfifo(pipe)
    said = []
    for name, redirection, count in [("blocked", f"2<>{pipe}", 14_000), ("full", "2>/dev/full", 100),
                                     ("closed", "2>&-", 100)]:
        with Server(model, *FLAGS, binary=wrapped(scratch, name, redirection)) as server:
            flood(server, count)
            begin = time.monotonic()
            answer = server.post("/v1/rewards", {"rollouts": [item]})[1]["data"]
            seconds = time.monotonic() - begin
            check(answer == wanted and seconds < 5, f"{name}: {seconds:.1f} s, {answer}")
            lost = metric(server, dropped)
            check(lost > 0 if name != "closed" else lost == 0, f"{name}: {lost} lines were dropped")
            if name == "closed":
                target = os.readlink(f"/proc/{server.process.pid}/fd/2")
                check(target == "/dev/null", f"the log goes to {target}")
            if name == "blocked":
                again(pipe, server, count, lost)
            server.process.send_signal(signal.SIGTERM)
            check(server.process.wait(timeout=20) == 0, f"{name}: a clean stop")
        said.append(f"{name}: {lost:.0f} lines dropped of {count} requests")
    print(f"a log that nobody takes: {', '.join(said)}; the same bits, and exit 0")


def again(pipe, server, count, lost):
    """Once there is a reader every line that was kept comes whole, and new ones come too."""
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text = b""

    def taken():
        nonlocal text
        try:
            text += os.read(reader, 1 << 20)
        except BlockingIOError:
            pass
        return text.count(b'"route":"/version"') >= count - lost
    check(until(taken, seconds=20), f"{text.count(b'/version')} of {count - lost} lines came")
    ask(server, "/version", headers={"X-Request-Id": "after"})
    check(until(lambda: taken() and b'"after"' in text), "a line that is new")
    os.close(reader)
    for line in text.splitlines():
        json.loads(line)


def main():
    options = arguments(__doc__)
    with tempfile.TemporaryDirectory(prefix="linchpin-") as scratch:
        model = middle(scratch + "/middle", options.seed)
        book(model, options.seed)
        languages(model)
        unread(model, scratch, rollouts(1)[0])


main()
