"""What the server answers validates against openapi.yaml, by the schema library of PyPI."""

import json
import pathlib
import re

from lifting import libraries
from server import ROOT, Server, arguments, check, fixture

PACKAGES = ["openapi-schema-validator==0.9.0", "PyYAML==6.0.3"]
PROMPT = "<|im_start|>user\nWhat is 1+1?<|im_end|>\n<|im_start|>assistant\n"
CHAT = PROMPT + "1 + 1 = 2.\n\nSo it is 2.<|im_end|>"
GOOD = {"prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So it is 2."]}
FACTS = {"rewards": [0.9, 0.2], "outcome": True, "group": "q", "token_spans": [[0, 2], [2, 3]], "token_count": 4}
# Names of its own, weights, tokens, and an advantage of steps.
PROGRAM = [
    {"op": "read", "of": "rewards", "as": "raw"}, {"op": "weights", "by": "softmin", "temperature": 0.5, "as": "weight"},
    {"op": "contribution", "as": "credit"}, {"op": "tokens", "as": "tokens"},
    {"op": "centre", "from": "credit", "by": "mean", "as": "advantage"}, {"op": "read", "of": "outcome", "as": "right"},
]

REQUESTS = [
    ("POST", "/v1/rewards", {"rollouts": [{**GOOD, "id": "r"}, {**GOOD, "id": 3, "steps": []}]}),
    ("POST", "/v1/rewards", {"rollouts": [GOOD], "return_token_ids": True, "credit": {"pooling": "min"}}),
    ("POST", "/v1/rewards", {"rollouts": [GOOD], "credit": {"scale": "margin", "temperature": 0.1}}),
    ("POST", "/v1/rewards", {"rollouts": []}),
    ("POST", "/v1/rewards", {"rollouts": [{**GOOD, "steps": []}]}),
    ("POST", "/v1/rewards", {"rollouts": 1}),
    ("POST", "/v1/rewards", {"rollouts": [], "model": "other"}),
    ("POST", "/v1/rewards", {"rollouts": [{**GOOD, "answers": ["2"]}, {**GOOD, "steps": []}], "method": "igpo",
                             "answer_format": {"prefix": "So ", "several": "log_mean_exp"}, "return_signals": True}),
    ("POST", "/v1/credit", {"rollouts": [GOOD], "method": "implicit_prm", "return_signals": True, "trace": True}),
    ("POST", "/v1/credit", {"rollouts": [{**GOOD, "answers": ["2"]}], "method": "mig"}),
    ("POST", "/v1/credit", {"rollouts": [{**GOOD, "answers": [""]}], "method": "mig"}),
    ("POST", "/v1/credit", {"rollouts": [GOOD], "method": "mig"}),
    ("POST", "/v1/credit", {"rollouts": [FACTS, {**FACTS, "rewards": [0.1, None]}], "program": PROGRAM, "trace": True}),
    ("POST", "/v1/credit", {"rollouts": [FACTS, {"group": "q"}], "method": {"name": "grpo", "spread": "population"}}),
    ("POST", "/v1/credit", {"rollouts": [FACTS], "program": [{"op": "scan"}]}),
    ("POST", "/v1/credit", {"rollouts": [FACTS], "program": [{"op": "read", "of": "value"}]}),
    ("POST", "/v1/credit", {"rollouts": [{"rewards": [0.95, None, 0.2, 0.7], "id": "c"}]}),
    ("POST", "/v1/credit", {"rollouts": [{"rewards": [2]}]}),
    ("POST", "/v1/credit", {}),
    ("POST", "/v1/credit", {"normalize": "process", "rollouts": [
        {"rewards": [0.9, 0.2], "group": "q", "token_spans": [[0, 2], [2, 5]]}, {"rewards": [0.5], "group": "q"}]}),
    ("POST", "/v1/rewards?pooling=min", {"normalize": "grpo", "rollouts": [{**GOOD, "group": 1}, {**GOOD, "group": 1}]}),
    ("POST", "/v1/rewards?best=1", {"rollouts": [GOOD]}),
    ("POST", "/get_reward", {"query": [CHAT, CHAT], "prompts": [PROMPT, PROMPT], "labels": ["2", None]}),
    ("POST", "/get_reward", {"query": []}),
    ("POST", "/get_reward", {"query": ["neither prompt nor header"]}),
    ("POST", "/get_reward?unscorable=-1", {"query": [CHAT, PROMPT]}),
    ("POST", "/", {"prompt": PROMPT, "response": "1 + 1 = 2."}),
    ("POST", "/rm?format=object", {"prompt": [{"role": "user", "content": "1+1?"}], "response": "2"}),
    ("POST", "/rm?format=object&method=min", {"prompt": "1+1?", "response": "2"}),
    ("POST", "/rm", {"solution_str": "2", "extra_info": {"question": "1+1?"}}),
    ("POST", "/v1/score/evaluation", {"model": "model", "messages": [CHAT]}),
    ("POST", "/pooling", {"input": CHAT + "<extra_0>"}),
    ("POST", "/pooling", {"input": [CHAT + "<extra_0>"], "encoding_format": "base64"}),
    ("POST", "/pooling", {"input": CHAT}),
    ("POST", "/classify", {"input": [CHAT, CHAT]}),
    ("POST", "/classify", {"text": CHAT}),
    ("POST", "/classify", {"text": [CHAT]}),
    ("POST", "/v1/embeddings", {"input": CHAT}),
    ("POST", "/v1/embeddings", {"input": CHAT, "encoding_format": "base64"}),
    *[("GET", path, None) for path in (
        "/health", "/health/live", "/health/ready", "/ping", "/v1/models", "/v1/methods", "/info", "/version", "/v2",
        "/v2/health/live", "/v2/health/ready", "/v2/models/prm", "/v2/models/prm/ready", "/v2/models/other")],
]


def main():
    arguments(__doc__)
    check(libraries(*PACKAGES), "pip could not install " + ", ".join(PACKAGES))
    import yaml
    from openapi_schema_validator import OAS31Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    contract = yaml.safe_load(pathlib.Path(ROOT, "openapi.yaml").read_text())
    def absolute(node):
        """References within the contract, as references into it."""
        if isinstance(node, dict):
            return {k: "contract" + v if k == "$ref" else absolute(v) for k, v in node.items()}
        return [absolute(v) for v in node] if isinstance(node, list) else node

    registry = Registry().with_resource(
        "contract", Resource(contents=absolute(contract), specification=DRAFT202012)
    )
    golden = ROOT / "Tests/Goldens/tiny-prm"
    languages = ["--model", f"policy={golden}", "--model", f"reference={golden}"]
    with Server(fixture("qwen-prm"), "--served-name", "prm", *languages) as server:
        for method, path, body in REQUESTS:
            if method == "POST":
                status, answer = server.post(path, body)
            else:
                status, raw = server.get(path)
                answer = json.loads(raw)
            row = re.sub(r"/v2/models/[^/]+", "/v2/models/{model}", path.split("?")[0])
            responses = contract["paths"][row][method.lower()]["responses"]
            check(str(status) in responses, f"{method} {path} answers {status}, which is not documented")
            response = responses[str(status)]
            if "$ref" in response:
                response = contract["components"]["responses"][response["$ref"].split("/")[-1]]
            schema = absolute(response["content"]["application/json"]["schema"])
            errors = list(OAS31Validator(schema, registry=registry).iter_errors(answer))
            check(not errors, f"{method} {path} {status}: {errors[:1]}")
        # The validator itself can say no.
        broken = absolute(contract["components"]["schemas"]["RewardList"])
        check(list(OAS31Validator(broken, registry=registry).iter_errors({"id": 1})), "the validator refuses nonsense")
    print(f"{len(REQUESTS)} answers validate against openapi.yaml")


main()
