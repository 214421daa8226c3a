"""What operators are given, each file read by the program that it is for: HAProxy, promtool, systemd, CycloneDX."""

import http.client
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

import manifests
from fleets import Fleet
from programs import Program, library
from server import BINARY, ROOT, arguments, check, fixture, rollouts
from server import Server as Service

DEPLOY = ROOT / "Deploy"


def haproxy(scratch):
    """Both ways to find replicas; the account that Debian's package makes need not be on this machine."""
    program = Program("haproxy")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
         "-keyout", scratch / "key.pem", "-out", scratch / "chain.pem"], check=True, capture_output=True)
    pem = scratch / "server.pem"
    pem.write_text((scratch / "chain.pem").read_text() + (scratch / "key.pem").read_text())
    for name in ["replicas-dns.cfg", "replicas-hosts.cfg"]:
        text = (DEPLOY / "haproxy" / name).read_text()
        (scratch / name).write_text(re.sub(r"(user|group) haproxy", r"\1 root", text))
        for tls in [{}, {"LINCHPIN_CERTIFICATE": str(pem)}]:
            done = program.run("-c", "-f", DEPLOY / "haproxy/haproxy.cfg", "-f", scratch / name, environment=tls)
            check(done.returncode == 0 and "WARNING" not in done.stdout, f"haproxy -c with {name}: {done.stdout}")
    print("haproxy -c: haproxy.cfg with each list of replicas, with and without TLS")


def expressions(panel):
    """Grafana's own variables as Prometheus could read them."""
    for target in panel.get("targets", []):
        yield target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$model", ".*")


def prometheus(scratch):
    """The configuration, the rules with their tests, and every question that the dashboard asks."""
    promtool = Program("promtool")
    folder = DEPLOY / "prometheus"
    for words in [["check", "config", "prometheus.yml"], ["check", "rules", "--lint-fatal", "rules.yml"],
                  ["test", "rules", "rules.test.yml"]]:
        done = promtool.run(*words, cwd=folder)
        check(done.returncode == 0, f"promtool {' '.join(words)}: {done.stdout}")
    dashboard = json.loads((DEPLOY / "grafana/dashboards/linchpin.json").read_text())
    asked = [question for panel in dashboard["panels"] for question in expressions(panel)]
    rules = [{"record": f"dashboard:{number}", "expr": question} for number, question in enumerate(asked)]
    (scratch / "dashboard.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = promtool.run("check", "rules", scratch / "dashboard.yml")
    check(done.returncode == 0, f"the dashboard's questions: {done.stdout}")
    identities = [panel["id"] for panel in dashboard["panels"]]
    check(len(identities) == len(set(identities)), "every panel has an id of its own")
    rules = (folder / "rules.yml").read_text()
    tested, guide = (folder / "rules.test.yml").read_text(), (DEPLOY / "README.md").read_text()
    for alert in re.findall(r"alert: (\w+)", rules):
        check(re.search(rf"alertname: {alert}\n", tested), f"{alert} fires in rules.test.yml")
        check(f"`{alert}`" in guide, f"Deploy/README.md says what to do about {alert}")
    alerts = len(re.findall("alert: ", rules))
    print(f"promtool: configuration, {alerts} alerts with their tests, {len(asked)} questions of the dashboard")
    return asked + [rules]


# However it is written: linchpin takes a key before the path, and a target may be a whole URL (RFC 9112 section 3.2.2).
PRIVATE = ["/metrics", "/metrics?name=x", "/a-key/metrics",
           "/admin/reload", "/a-key/admin/reload", "http://l/admin/reload"]


def closed(port):
    """What is the operators' is not there for those who ask HAProxy."""
    for path in PRIVATE:
        for method in ["GET", "POST"]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(method, path, b"{}")
            response = connection.getresponse()
            answer = json.loads(response.read())
            told = response.status, answer["error"]["code"], answer["request_id"] == response.headers["X-Request-Id"]
            check(told == (404, "unknown_path", True), f"{method} {path}: {told}")
            connection.close()


def metrics(texts):
    """Every series that a rule or a panel names is on the pages of the real programs."""
    promtool, model = Program("promtool"), fixture("qwen-prm")
    with Fleet(model, 1) as fleet:
        connection = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=60)
        body = json.dumps({"rollouts": rollouts(4)})
        connection.request("POST", "/v1/rewards", body, {"Content-Type": "application/json"})
        check(connection.getresponse().status == 200, "the fleet scores")
        closed(fleet.port)
        pages = {}
        for name, port in [("linchpin", fleet.replicas[0].port), ("haproxy", fleet.stats_port)]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                pages[name] = page.read().decode()
    known = set(re.findall(r"^([a-z_]+)", "".join(pages.values()), re.M))
    named = set(re.findall(r"(?<![a-z_:])((?:linchpin|haproxy|process)_[a-z_]+)(?![a-z_:\"])", "".join(texts)))
    check(named <= known, f"no such metric: {sorted(named - known)}")
    done = promtool.run("check", "metrics", input=pages["linchpin"])
    check(done.returncode == 0 and not done.stdout, f"promtool check metrics: {done.stdout}")
    print(f"HAProxy: {len(PRIVATE)} ways to metrics and /admin are closed")
    print(f"metrics: {len(named)} names in rules and dashboard, all on the pages of a running fleet")


def systemd(scratch):
    """The unit has no mistake, and nothing to lose."""
    unit = DEPLOY / "systemd/linchpin.service"
    limit = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit],
        capture_output=True, text=True, check=False)
    exposure = re.search(r"level for linchpin.service: (\S+)", limit.stdout)
    check(limit.returncode == 0 and exposure, f"systemd-analyze security: {limit.stdout[-300:]} {limit.stderr}")
    # verify wants the program to be there.
    copy = scratch / "linchpin.service"
    copy.write_text(unit.read_text().replace("ExecStart=/usr/local/bin/linchpin", f"ExecStart={BINARY}"))
    verified = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    check(verified.returncode == 0 and not verified.stderr, f"systemd-analyze verify: {verified.stderr}")
    print(f"systemd: the unit's exposure is {exposure[1]} of 10")
    return unit.read_text()


def system_calls(unit):
    """The names that the unit's SystemCallFilter lets through, and those that it takes away again."""
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True)
    sets, name = {}, None
    for line in listed.stdout.splitlines():
        word = line.strip()
        if line.startswith("@"):
            name = word
            sets[name] = []
        elif word and not word.startswith("#") and name:
            sets[name].append(word)

    def expanded(word):
        return set().union(*map(expanded, sets[word])) if word in sets else {word}

    allowed, refused = expanded("@default"), set()
    for filter in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        found = set().union(*map(expanded, filter.removeprefix("~").split()))
        allowed, refused = (allowed - found, refused | found) if filter.startswith("~") else (allowed | found, refused)
    return allowed, refused - allowed


def filtered(unit, scratch):
    """Under strace, which refuses what the unit's filter refuses: the same bits, and a clean stop."""
    strace = Program("strace")
    model, item = fixture("qwen-prm"), rollouts(1)
    with Service(model) as server:
        wanted = server.post("/v1/rewards", {"rollouts": item})[1]["data"]
    allowed, refused = system_calls(unit)
    trace = scratch / "trace"
    known = ",".join(f"?{name}" for name in sorted(refused))
    wrapper = scratch / "linchpin"
    wrapper.write_text(
        # -D: linchpin is our child, and the tracer is not, so that signals and the exit code are linchpin's own.
        f"#!/bin/sh\nexec {strace.path} -D -f -qq -o {trace} -e signal=none"
        f" -e inject={known}:error=EPERM {BINARY} \"$@\"\n")
    wrapper.chmod(0o755)
    with Service(model, binary=wrapper) as server:
        check(server.post("/v1/rewards", {"rollouts": item})[1]["data"] == wanted, "the bits under the filter")
        server.process.terminate()
        check(server.process.wait(timeout=60) == 0, "a clean stop under the filter")
    lines = trace.read_text().splitlines()
    used = {match[1] for line in lines if (match := re.match(r"\d+ +([a-z_0-9]+)\(", line))}
    check("listen" in used and used <= allowed | refused, f"not in the filter: {sorted(used - allowed - refused)}")
    writable = [line for line in lines if re.search(r"(mmap|mprotect|pkey_mprotect)\(.*PROT_WRITE\|PROT_EXEC", line)]
    check(not writable, f"MemoryDenyWriteExecute: {writable[:2]}")
    print(f"system calls: {len(used)} used, {sorted(used & refused)} refused by the unit and not missed")


def bill(scratch):
    """The SBOM by the schema of those who define it, twice the same, with what the binary is linked with."""
    library("cyclonedx-python-lib[json-validation]", "cyclonedx")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    texts = []
    for number in range(2):
        target = scratch / f"sbom{number}.json"
        subprocess.run([DEPLOY / "sbom", "--binary", BINARY, "--output", target], check=True)
        texts.append(target.read_text())
    check(texts[0] == texts[1], "the same inputs give the same bytes")
    mistake = JsonStrictValidator(SchemaVersion.V1_6).validate_str(texts[0])
    check(mistake is None, f"CycloneDX 1.6: {mistake}")
    found = {one["name"].lower(): one for one in json.loads(texts[0])["components"]}
    versions = json.loads((DEPLOY / "versions.json").read_text())
    for name, (version, reason) in {**versions["swift"], **versions["debian"]}.items():
        check(name in found and found[name]["version"].startswith(version), f"{name} {version} is in the SBOM")
        check(len(reason) > 20, f"{name} has a reason")
    packages = [name for name, one in found.items() if one.get("purl", "").startswith("pkg:swift")]
    missing = [name for name in packages if name not in versions["swift"]]
    check(not missing, f"versions.json gives no reason for {missing}")
    check({"libc6", "libopenblas0-pthread"} <= set(found), "what the binary is linked with is in the SBOM")
    print(f"SBOM: {len(found)} components, valid CycloneDX 1.6")


def main():
    arguments(__doc__)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="linchpin-") as name:
        scratch = pathlib.Path(name)
        haproxy(scratch)
        metrics(prometheus(scratch))
        if shutil.which("systemd-analyze"):
            unit = systemd(scratch)
            filtered(unit, scratch)
        else:
            print("SKIPPED systemd: systemd-analyze is missing")
        manifests.examine()
        bill(scratch)
    print(f"{time.monotonic() - began:.0f} s")


main()
