"""Every method of /v1/methods over random ragged groups, against the formulas of the papers in numpy.

Also every number of reference/credit-methods.md section 10, through HTTP. 1,000 groups a method; --short: 40.
"""

import functools
import json
import warnings

from programs import library
from server import ROOT, Server, arguments, check

library("numpy", "numpy")

import numpy as np  # noqa: E402

import credit_formulas as formulas  # noqa: E402
from credit_data import Seen, array, batch, sent  # noqa: E402

TREE = ["outcome", "parent", "tokens"]
OUTCOME = ["outcome", "tokens"]
PROCESS = ["rewards", "outcome", "tokens"]
GAIN = ["answer_logprob", "outcome", "turns", "tokens"]
RATIO = ["logratio", "outcome", "tokens"]
ENTROPY = ["outcome", "token_entropy", "tokens"]


def given(formula, **options):
    return functools.partial(formula, **options)


# (method and options, what is sent, formula)
CASES = [
    *((kind, ["rewards", "tokens"], formulas.aggregate(kind))
      for kind in ("min", "sws", "softmin", "product", "geometric_mean", "mean", "last")),
    ({"name": "sws", "temperature": 0.7}, ["rewards", "tokens"], formulas.aggregate("sws", 0.7)),
    *(({"name": "pure", "baseline": baseline}, PROCESS, formulas.pure(baseline))
      for baseline in ("none", "token", "step", "padded")),
    ({"name": "pure", "baseline": "padded", "whiten": "none"}, PROCESS, formulas.pure("padded", False)),
    ("pure_strict", ["rewards", "tokens"], formulas.pure_strict),
    ({"name": "pure_strict", "form": "code"}, ["rewards", "tokens"], given(formulas.pure_strict, code=True)),
    ("grpo", OUTCOME, formulas.grpo),
    ({"name": "grpo", "spread": "population", "singleton": "zero", "epsilon": 0.1}, OUTCOME,
     given(formulas.grpo, ddof=0, single="zero", eps=0.1)),
    ("dr_grpo", OUTCOME, given(formulas.grpo, std=False)),
    ("rloo", OUTCOME, formulas.rloo),
    ("maxrl", OUTCOME, formulas.maxrl),
    ("reinforce_pp_baseline", OUTCOME, formulas.reinforce),
    ("grpo_process", ["rewards", "tokens"], formulas.grpo_process),
    ("gdpo", ["dimensions", "tokens"], formulas.gdpo),
    ("ttrl", ["answer", "tokens"], formulas.votes(True)),
    ("empo", ["answer", "tokens"], formulas.votes(False)),
    ("mig", GAIN, formulas.mig),
    ("igpo", GAIN, formulas.igpo),
    ({"name": "igpo", "form": "log", "zeros": "missing"}, GAIN, given(formulas.igpo, zeros="missing", form="log")),
    ({"name": "igpo", "answer_turn": "gain"}, GAIN, given(formulas.igpo, answer=False)),
    ("siop", ["answer_logprob", "answer", "tokens"], formulas.siop),
    ("a2tgpo", GAIN, formulas.a2tgpo),
    ("progress", ["value", "tokens"], formulas.progress),
    ("pav", ["value", "outcome", "tokens"], formulas.pav),
    ("progress_aware", ["value", "outcome", "token_entropy", "tokens"], formulas.progress_aware),
    ("implicit_prm", ["logratio", "tokens"], formulas.implicit),
    ({"name": "implicit_prm", "reduce": "mean", "aggregate": "min"}, ["logratio", "tokens"],
     given(formulas.implicit, reduce=np.mean, least=True)),
    ("prime", RATIO, formulas.prime),
    ("istar", RATIO, formulas.istar),
    ({"name": "istar", "form": "code"}, RATIO, given(formulas.istar, code=True)),
    ("matchtir", ["external", "turns", "tokens"], formulas.matchtir),
    ("scrl", ["external", "turns", "tokens"], formulas.scrl),
    ("gigpo", ["outcome", "states", "tokens"], formulas.gigpo),
    ("mars2", TREE, formulas.mars2),
    ("r3l", ["outcome", "pivot", "tokens"], formulas.r3l),
    ({"name": "r3l", "form": "code"}, ["outcome", "pivot", "tokens"], given(formulas.r3l, best=1.0)),
    ("scope", ["outcome", "token_logprob", "teacher_logprob", "tokens"], formulas.scope),
    ({"name": "scope", "form": "code"}, ["outcome", "token_logprob", "teacher_logprob", "tokens"],
     given(formulas.scope, sign=-1.0, counts=True)),
    ("grounded_prm", ["external", "outcome", "tokens"], formulas.grounded_prm),
    ("capo", PROCESS, formulas.capo),
    ("sepa", ENTROPY, formulas.on_tokens(formulas.sepa)),
    ({"name": "sepa", "b": 3}, ENTROPY, formulas.on_tokens(given(formulas.sepa, b=3))),
    ("top_entropy", ENTROPY, formulas.on_tokens(formulas.top_entropy)),
    ("entropy_bonus", ENTROPY, formulas.on_tokens(formulas.entropy_bonus)),
    ("gtpo", ENTROPY, formulas.gtpo),
]


def answered(item):
    """What the server says of a rollout, in the words of the formulas."""
    steps = item["steps"]
    found = {"reward": item["reward"], "credit": [step["credit"] for step in steps]}
    if "advantage" in item:
        found["advantage"] = item["advantage"]
    elif steps and "advantage" in steps[0]:
        found["advantage"] = [step["advantage"] for step in steps]
    for name in steps[0].get("values", {}) if steps else []:
        found[name] = [step["values"][name] for step in steps]
    found["tokens"] = item.get("token_credit", [])
    return found


def same(found, wanted):
    found = array([found] if np.ndim(wanted) == 0 else found or [])
    wanted = np.atleast_1d(np.asarray(wanted, float))
    return found.shape == wanted.shape and np.allclose(found, wanted, rtol=1e-7, atol=1e-8, equal_nan=True)


def compare(server, case, bodies):
    """How many numbers were the same; ends the check at the first that was not."""
    method, _, formula = case
    status, answer = server.post("/v1/credit", {"rollouts": bodies, "method": method})
    check(status == 200, f"{method}: {status} {json.dumps(answer)[:400]}")
    places = {body["id"]: index for index, body in enumerate(bodies)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        wanted = formula([Seen(body, places) for body in bodies])
    counted = 0
    for index, (item, body) in enumerate(zip(answer["data"], bodies)):
        found = answered(item)
        for name, rows in wanted.items():
            if name == "advantage" and np.ndim(rows[index]) == 1 and len(rows[index]) == 0:
                continue
            check(same(found.get(name), rows[index]),
                  f"{method}: {name} of {json.dumps(body)} is {found.get(name)}, by the formula {rows[index]}")
            counted += np.size(rows[index])
        for step in item["steps"]:
            check(step["credit"] is not None or step["reason"], f"{method}: a step without credit and without a reason")
        check(item["reward"] is not None or item["reason"], f"{method}: no reward and no reason")
    return counted


def numbers(server):
    """Section 10, to 6 digits (to as many as it prints)."""
    r, p = [0.9, 0.8, -0.6, 0.4], [0.95, 0.90, 0.20, 0.70]
    two = [
        {"rewards": r, "scale": "margin", "group": 0, "token_spans": [[0, 20], [20, 50], [50, 90], [90, 100]]},
        {"rewards": [0.9, 0.7, 0.8], "scale": "margin", "group": 0, "token_spans": [[0, 25], [25, 50], [50, 80]]},
    ]
    likely = {"signals": {"answer_logprob": [-2.0, -1.2, -1.5, -0.9, -0.9, -0.4]}}
    fallen = {"signals": {"answer_logprob": [-2.0, -1.2, -1.5, -0.9, -0.9, -1.8]}}
    counted = 0

    def holds(method, rollouts, index, key, wanted, digits=6):
        nonlocal counted
        status, answer = server.post("/v1/credit", {"rollouts": rollouts, "method": method})
        check(status == 200, f"{method}: {status} {answer}")
        item = answer["data"][index]
        found = item["reward"] if key == "reward" else [step[key] for step in item["steps"]]
        # Half of the last printed digit, and a little for a figure that was itself rounded.
        check(np.allclose(found, wanted, rtol=0, atol=0.51 * 10.0 ** -digits),
              f"section 10, {method}: {key} is {found}, not {wanted}")
        counted += np.size(wanted)

    chances = [{"rewards": p}]
    for name, wanted, digits in (("min", 0.20, 6), ("product", 0.1197, 6), ("mean", 0.6875, 6), ("last", 0.70, 6)):
        holds(name, chances, 0, "reward", wanted, digits)
    for temperature, wanted in ((0.05, 0.2693), (0.1, 0.3378), (1, 0.6403)):
        holds({"name": "softmin", "temperature": temperature}, chances, 0, "reward", wanted, 4)
    pure = [{"rewards": r, "scale": "margin"}]
    for temperature, weights, total in ((0.1, (0, 0.000001, 0.999953, 0.000045), -0.599953),
                                        (0.5, (0.0400, 0.0488, 0.8026, 0.1086), -0.3631),
                                        (1, (0.1214, 0.1342, 0.5442, 0.2002), -0.0298)):
        digits = 6 if temperature == 0.1 else 4
        holds({"name": "pure", "temperature": temperature}, pure, 0, "weight", weights, digits)
        holds({"name": "pure", "temperature": temperature}, pure, 0, "reward", total, digits)
    holds("pure", pure, 0, "credit", (0, 0.000001, -0.599972, 0.000018))
    holds("pure", pure, 0, "advantage", (-0.599953, -0.599953, -0.599954, 0.000018))
    for temperature, weights, credit, total in (
        (0.05, (0, 1e-6, 0.999953, 0.000045), (0, 1e-6, 0.199991, 0.000032), 0.200024),
        (0.1, (0.000549, 0.000904, 0.991864, 0.006683), (0.000521, 0.000814, 0.198373, 0.004678), 0.204386),
        (0.5, (0.121424, 0.134195, 0.544186, 0.200195), (0.115353, 0.120775, 0.108837, 0.140136), 0.485102),
        (1, (0.183409, 0.192813, 0.388277, 0.235502), (0.174239, 0.173531, 0.077655, 0.164851), 0.590276),
    ):
        for key, wanted in (("weight", weights), ("credit", credit), ("reward", total)):
            holds({"name": "sws", "temperature": temperature}, chances, 0, key, wanted)
    holds({"name": "sws", "temperature": 10}, chances, 0, "weight", (0.2434, 0.2446, 0.2624, 0.2496), 4)
    holds({"name": "sws", "temperature": 10}, chances, 0, "reward", 0.678594)
    for x, wanted in ((0.1, 0.026894), (0.128, 0.027846), (0.2, 0.023841), (0.5, 0.003346), (1.0, 0.000045)):
        holds({"name": "sws", "temperature": 0.1}, [{"rewards": [0, x]}], 0, "reward", wanted)
    token = {"name": "pure", "baseline": "token"}
    holds(token, two, 1, "weight", (0.0900, 0.6652, 0.2447), 4)
    holds(token, two, 1, "credit", (0.0810, 0.4657, 0.1958), 4)
    holds(token, two, 1, "reward", 0.742479)
    holds(token, two, 0, "advantage", (-1.5281, -1.3424, -1.0640, -0.0928), 4)
    holds(token, two, 1, "advantage", (1.2224, 0.9914, 0.3758), 4)
    holds("grpo_process", two, 0, "advantage", (-1.3540, -1.9912, -2.4426, -0.2920), 4)
    holds("grpo_process", two, 1, "advantage", (1.3540, 0.7168, 0.4513), 4)
    code = {"name": "pure_strict", "form": "code"}
    good = [{"rewards": [0.9, 0.8, 0.3, 0.4], "scale": "margin"}]
    holds("pure_strict", pure, 0, "credit", (-0.6, -0.6, -0.6, 0.4))
    holds(code, pure, 0, "credit", (-0.6, -0.6, -0.6, 0))
    holds("pure_strict", good, 0, "credit", (0.3, 0.3, 0.3, 0.4))
    holds(code, good, 0, "credit", (0, 0, 0, 0))
    holds("mig", [likely], 0, "credit", (0.8, 0, 0.3, 0, 0.5))
    holds("mig", [likely], 0, "reward", 1.6)
    holds({"name": "igpo", "form": "log"}, [likely], 0, "credit", (0.8, -0.3, 0.6, 0, 0.5))
    holds("igpo", [likely], 0, "credit", (0.1659, -0.0781, 0.1834, 0, 0.2638), 4)
    holds("mig", [fallen], 0, "credit", (0.8, 0, 0.3, 0, 0))
    holds("mig", [fallen], 0, "reward", 1.1)
    holds({"name": "igpo", "form": "log"}, [fallen], 0, "reward", 0.2)
    return counted


def listed(server):
    """Every method is tested here, and the program that the list shows gives what the name gives."""
    status, body = server.get("/v1/methods")
    check(status == 200, f"/v1/methods: {status}")
    methods = {method["id"]: method for method in json.loads(body)["data"]}
    tested = {method if isinstance(method, str) else method["name"] for method, _, _ in CASES}
    check(set(methods) == tested, f"listed or tested alone: {sorted(set(methods) ^ tested)}")
    return methods


def main():
    options = arguments(__doc__)
    generator = np.random.default_rng(options.seed)
    requests = 1 if options.short else 25
    with Server(str(ROOT / "Tests/Goldens/tiny-prm")) as server:
        methods, exact, counted = listed(server), numbers(server), 0
        for case in CASES:
            for _ in range(requests):
                rollouts = batch(generator, 40)
                bodies = [sent(rollout, case[1], generator) for rollout in rollouts]
                counted += compare(server, case, bodies)
            if isinstance(case[0], str):
                program = {"rollouts": bodies, "program": methods[case[0]]["program"]}
                by_name = server.post("/v1/credit", {"rollouts": bodies, "method": case[0]})[1]
                by_program = server.post("/v1/credit", program)[1]
                check(by_name["data"] == by_program["data"], f"{case[0]}: its program gives something else")
    print(f"{len(methods)} methods, {len(CASES)} with their options, {40 * requests} groups each: {counted} numbers as "
          f"by the formulas, {exact} of section 10, seed {options.seed}")


main()
