"""The manifests of Kubernetes and compose: by schema, and against each other, since no schema sees a wrong name."""

import functools
import json
import re
import subprocess

from programs import library
from server import BINARY, ROOT, check

DEPLOY = ROOT / "Deploy"


@functools.cache
def words():
    """What `linchpin serve` says of its flags."""
    return subprocess.run([BINARY, "serve", "--help"], check=True, capture_output=True, text=True).stdout


def flags():
    """The variables that `linchpin serve` reads."""
    return {"LINCHPIN_" + name.upper().replace("-", "_") for name in re.findall(r"--([a-z-]+)", words())}


def longest_drain():
    """How long linchpin may take to stop: the grace in which it still accepts, then what it has accepted."""
    return sum(int(re.search(rf"--{flag} <\w+>[^<]*?default: (\d+)", words())[1])
               for flag in ["grace-seconds", "drain-seconds"])


def known_variables(path):
    """Those that HAProxy's files read."""
    texts = [file.read_text() for file in (DEPLOY / "haproxy").glob("*.cfg")]
    return flags() if "linchpin" in path else set(re.findall(r"LINCHPIN_[A-Z_]+", "".join(texts)))


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def longest_stop():
    """How long HAProxy may take to drain: `grace`, then `hard-stop-after`."""
    text = "".join((DEPLOY / "haproxy" / name).read_text() for name in ["haproxy.cfg", "replicas-dns.cfg"])
    return sum(seconds(word) for word in re.findall(r"^    (?:grace|hard-stop-after) (\S+)", text, re.M))


def objects():
    import yaml

    listed = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    found = []
    for name in listed["resources"]:
        found += [one for one in yaml.safe_load_all((DEPLOY / name).read_text()) if one]
    files = [file for one in listed["configMapGenerator"] for file in one["files"]]
    check(all((DEPLOY / file).is_file() for file in files), f"kustomization.yaml: {files}")
    return found, {one["name"] for one in listed["configMapGenerator"]}, {file.split("/")[-1] for file in files}


def matches(selector, labels):
    return all(labels.get(name) == value for name, value in selector.items())


def locked(name, specification, images):
    """A pod of nobody, on a root that nobody can write, with no right and no token."""
    pod, container = specification, specification["containers"][0]
    check(pod["automountServiceAccountToken"] is False, f"{name}: no token")
    rights, own = pod["securityContext"], container["securityContext"]
    check(rights["runAsNonRoot"] and rights["runAsUser"] == 65532, f"{name}: user 65532")
    check(rights["seccompProfile"]["type"] == "RuntimeDefault", f"{name}: seccomp")
    check(own["readOnlyRootFilesystem"] and own["allowPrivilegeEscalation"] is False, f"{name}: read-only, no way up")
    check(own["capabilities"] == {"drop": ["ALL"]}, f"{name}: no capability")
    check({"cpu", "memory"} == set(container["resources"]["limits"]), f"{name}: bounded")
    for probe in ["readinessProbe", "livenessProbe"]:
        check(container[probe]["httpGet"]["path"].startswith(("/health/", "/metrics")), f"{name}: {probe}")
    variables = {one["name"] for one in container["env"] if one["name"].startswith("LINCHPIN_")}
    check(variables <= known_variables(name), f"{name}: {variables - known_variables(name)} is nobody's")
    image, _, tag = container["image"].partition(":")
    check(image == "linchpin" or images[image][0] == tag, f"{name}: {container['image']} is not in versions.json")


def kubernetes(images):
    library("kubernetes-validate", "kubernetes_validate")
    import kubernetes_validate

    package = json.loads((DEPLOY / "versions.json").read_text())["checks"]["kubernetes-validate"][0]
    version = ".".join(package.split(".")[:2])
    found, maps, files = objects()
    for one in found:
        kubernetes_validate.validate(one, version, strict=True)
    named = {(one["kind"], one["metadata"]["name"]): one for one in found}
    check(len(named) == len(found), "no object twice")
    pods = {}
    for (kind, name), one in named.items():
        if kind == "Deployment":
            template = one["spec"]["template"]
            pods[name] = template["metadata"]["labels"]
            check(matches(one["spec"]["selector"]["matchLabels"], pods[name]), f"{name}: its own pods")
            locked(name, template["spec"], images)
            for volume in template["spec"]["volumes"]:
                check(volume.get("configMap", {"name": "haproxy"})["name"] in maps, f"{name}: {volume}")
    for kind, path in [("Service", ["selector"]), ("PodDisruptionBudget", ["selector", "matchLabels"]),
                       ("NetworkPolicy", ["podSelector", "matchLabels"])]:
        for (_, name), one in ((key, one) for key, one in named.items() if key[0] == kind and key[1] != "nobody"):
            selector = one["spec"]
            for word in path:
                selector = selector[word]
            check(matches(selector, pods[name]), f"{kind} {name} finds its pods")
    together(named, files)
    print(f"Kubernetes {version}: {len(found)} objects by schema and against each other")


def together(named, files):
    """Numbers and names that stand in two files."""
    scaling = named["HorizontalPodAutoscaler", "linchpin"]["spec"]
    target = scaling["scaleTargetRef"]
    check((target["kind"], target["name"]) in named, "what is scaled is there")
    check("replicas" not in named["Deployment", "linchpin"]["spec"], "nobody but the autoscaler says how many")
    adapter = (DEPLOY / "kubernetes/prometheus-adapter.yaml").read_text()
    check(scaling["metrics"][0]["pods"]["metric"]["name"] in adapter, "the adapter knows what is scaled by")
    places = int(re.search(r"server-template replica 1-(\d+)", (DEPLOY / "haproxy/replicas-dns.cfg").read_text())[1])
    check(scaling["maxReplicas"] < places, "HAProxy has a place for every replica")
    proxy = named["Deployment", "haproxy"]["spec"]["template"]["spec"]
    check(proxy["terminationGracePeriodSeconds"] > longest_stop(), "HAProxy may drain to its end")
    replica = named["Deployment", "linchpin"]["spec"]["template"]["spec"]
    check(replica["terminationGracePeriodSeconds"] > longest_drain(), "Kubernetes: a replica may drain to its end")
    unit = (DEPLOY / "systemd/linchpin.service").read_text()
    check(seconds(re.search(r"^TimeoutStopSec=(.*)$", unit, re.M)[1]) > longest_drain(), "systemd: it may, too")
    given = {word.split("/")[-1] for word in proxy["containers"][0]["args"] if word.endswith(".cfg")}
    check(given == files, "HAProxy is given the files that the ConfigMap has")
    address = next(one["value"] for one in proxy["containers"][0]["env"] if one["name"] == "LINCHPIN_REPLICAS")
    space = named["Namespace", "linchpin"]["metadata"]["name"]
    check(address == f"linchpin.{space}.svc.cluster.local:8080", "HAProxy asks for the Service by its whole name")


def composed(name):
    """A file of compose, by the schema of the Compose specification."""
    import jsonschema
    import yaml

    schema = library("check-jsonschema", "check_jsonschema", alone=True) / "builtin_schemas/vendor/compose-spec.json"
    found = yaml.safe_load((DEPLOY / name).read_text())
    try:
        jsonschema.validate(found, json.loads(schema.read_text()))
    except jsonschema.ValidationError as mistake:
        check(False, f"{name}: {mistake.json_path}: {mistake.message}")
    return found


def compose(images):
    import yaml

    text = composed("compose.yaml")
    layers = [composed(f"compose.{name}.yaml") for name in ["model", "keys"]]
    for layer in layers:
        check(set(layer["services"]) <= set(text["services"]), f"compose: {set(layer['services'])} are services")
        asked = {secret for one in layer["services"].values() for secret in one.get("secrets", [])}
        check(asked == set(layer.get("secrets", {})), f"compose: secrets {asked}")
    for name, service in text["services"].items():
        check(service["read_only"] and service["cap_drop"] == ["ALL"], f"compose {name}: read-only, no capability")
        image, _, tag = service["image"].rpartition(":")
        ours = "build" in service
        check(ours or images[image][0] == tag, f"compose {name}: {service['image']} is not in versions.json")
        for port in service.get("ports", []):
            check(port.startswith("127.0.0.1:"), f"compose {name}: {port} is open to others")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (DEPLOY / source).exists() if source.startswith(".") else source in text["volumes"]
            check(there, f"compose {name}: {source} is not there")
        check(set(service["networks"]) <= set(text["networks"]), f"compose {name}: {service['networks']}")
        set_there = [one["services"].get(name, {}).get("environment", {}) for one in [text, *layers]]
        variables = {variable for one in set_there for variable in one if variable.startswith("LINCHPIN_")}
        check(variables <= known_variables(name), f"compose {name}: {variables - known_variables(name)} is nobody's")
    check(text["networks"]["scoring"]["internal"], "replicas have no way out")
    patience = {name: seconds(text["services"][name]["stop_grace_period"]) for name in ["haproxy", "linchpin"]}
    check(patience["haproxy"] > longest_stop() and patience["linchpin"] > longest_drain(), f"compose: {patience}")
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/linchpin.yaml").read_text())["providers"][0]
    mounted = [volume.split(":")[1] for volume in text["services"]["grafana"]["volumes"]]
    check(provider["options"]["path"] in mounted, "Grafana finds the dashboard")
    print(f"compose: {len(text['services'])} services by schema and against the files that they mount")


def examine():
    library("kubernetes-validate", "yaml")
    images = json.loads((DEPLOY / "versions.json").read_text())["images"]
    for image, tag in re.findall(r"^FROM (\S+):(\S+)", (ROOT / "Dockerfile").read_text(), re.M):
        check(images[image][0] == tag, f"Dockerfile: {image}:{tag} is not in versions.json")
    kubernetes(images)
    compose(images)
