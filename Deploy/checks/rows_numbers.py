"""Rows C-1 to C-14 of reference/wire-apis.md section 8: what every route answers."""

import json
import pathlib
import random
import tempfile

import dialects
from clients import Burst, ask, request
from dialects import Item, float32, floats, native, queries
from models import GOLDEN, middle, saturated
from server import Server, check

SUM = Item("What is 2+3?", ["2 + 3 = 5"])
APPLES = Item("Nora has 12 apples and gives 5 away. How many are left?", ["She had 12.", "12 - 5 = 7.", "So it is 7."])
# A client takes any of these for rewards (LLaMA-Factory PR #10726).
REWARD_KEYS = {"rewards", "scores", "score", "data"}


def mixed(total, seed):
    """Rollouts of one to eight steps, some of one prompt."""
    numbers = random.Random(seed)
    made = []
    for _ in range(total):
        a, b = numbers.randrange(1000), numbers.randrange(1000)
        question = made[-1].question if made and numbers.random() < 0.3 else f"What is {a}+{b}?"
        count = 1 + numbers.randrange(8)
        made.append(Item(question, [f"{a} + {b} + {n}" + " is right" * numbers.randrange(3) for n in range(count)]))
    return made


def good(server, path, value, **words):
    """The value of an answer that must be a 200 of JSON."""
    answer = ask(server, path, value, **words)
    check(answer.status == 200, f"{path} {str(value)[:300]}: {answer.status} {answer.body[:300]}")
    check(answer.headers["Content-Type"].startswith("application/json"), f"{path}: {answer.headers['Content-Type']}")
    return answer.value


def refused(server, path, value, status=400, **words):
    """The error of an answer that must be one, and must not look like rewards."""
    answer = ask(server, path, value, **words)
    check(answer.status == status, f"{path} {str(value)[:300]}: {answer.status} {answer.body[:300]}")
    check(not keys(answer.value) & REWARD_KEYS, f"{path}: an error with {keys(answer.value) & REWARD_KEYS}")
    return answer.value["error"]


def keys(value):
    """Of every object in it."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    return set(value).union(*map(keys, value.values())) if isinstance(value, dict) else set()


def reward(server, item, **credit):
    """The native route's reward of a rollout, as text."""
    body = {**native([item]), **({"credit": credit} if credit else {})}
    return good(server, "/v1/rewards", body)["data"][0]["reward"]


def step_rewards(server, item):
    return [step["reward"] for step in good(server, "/v1/rewards", native([item]))["data"][0]["steps"]]


def c1(_, __):
    """1 and 0 are `1.0` and `0.0` on every route; tiny numbers read back; nothing is NaN."""
    with tempfile.TemporaryDirectory() as folder, Server(saturated(folder + "/tiny")) as server:
        found = {reward(server, item): item for item in mixed(64, 1) if len(item.steps) == 1}
        check(set(found) == {"0.0", "1.0"}, f"a saturated model gives {set(found)}")
        for text, item in found.items():
            for dialect in dialects.ALL:
                numbers = dialect.numbers(good(server, dialect.path, dialect.body([item])))
                check(numbers in ([text], [[text]]), f"{dialect.name}: {numbers}, not {text}")
            answer = good(server, "/v1/rewards", native([item]))["data"][0]
            check(answer["steps"][0]["reward"] == answer["reward"] == text, f"/v1/rewards: {answer}")
            answer = good(server, "/get_reward", queries([item]))
            check(answer["scores"] == [text] and answer["step_rewards"] == [[text]], f"/get_reward: {answer}")
    exact = [5e-324, 1e-7, 0.1, 1 - 2**-53, 1, 0]
    with Server(str(GOLDEN)) as server:
        for value in exact:
            answer = good(server, "/v1/credit", {"rollouts": [{"rewards": [value]}]})["data"][0]
            text = answer["steps"][0]["reward"]
            check(isinstance(text, str) and "." in text and float(text) == value, f"{value!r} is sent as {text!r}")


def c2(server, _):
    """/get_reward: rewards, scores and extra_logs in arrays of one, with one set of keys and numbers alone."""
    logged = set()
    for item in (SUM, APPLES):
        answer = good(server, "/get_reward", queries([item]))
        check(answer["rewards"] == [reward(server, item)], f"rewards {answer['rewards']}, not as /v1/rewards")
        check(len(answer["scores"]) == 1 and 0 <= float(answer["scores"][0]) <= 1, f"scores {answer['scores']}")
        for key, value in answer["extra_logs"].items():
            check([type(number) for number in value] == [str] and float(value[0]) >= 0, f"extra_logs.{key}: {value}")
        logged.add(tuple(answer["extra_logs"]))
    check(len(logged) == 1, f"the keys of extra_logs differ: {logged}")


def c3(server, _):
    """An empty shard: 200 and empty arrays."""
    answer = good(server, "/get_reward", {"query": [], "prompts": [], "labels": []})
    check([answer[key] for key in ("rewards", "scores", "extra_logs")] == [[], [], {}], f"{answer}")


def c4(server, _):
    """LightRFT's and align-anything's bodies: a flat list of rewards."""
    expected = [reward(server, item) for item in (SUM, APPLES)]
    for body in (dialects.lightrft, dialects.align_anything):
        answer = good(server, "/get_reward", body([SUM, APPLES]))
        check(answer["rewards"] == expected, f"{body.__name__}: {answer['rewards']}, not {expected}")
    error = refused(server, "/get_reward", {"prompts": ["a"], "responses": ["b", "c"]})
    check(error["param"] == "prompts", f"unequal lengths: {error}")


def c5(server, _):
    """slime: a text and a chat list give the same number, which is the whole body."""
    expected = reward(server, APPLES)
    for path in ("/", "/rm"):
        bodies = [ask(server, path, body([APPLES])).body for body in (dialects.slime, dialects.chat)]
        check(bodies == [expected.encode()] * 2, f"{path}: {bodies}, not {expected}")
        good(server, path, dialects.slime([APPLES]))


def c6(server, _):
    """/rm?format=object: a number `score`, and step_rewards."""
    answer = good(server, "/rm?format=object", dialects.slime([APPLES]))
    check(answer["score"] == reward(server, APPLES), f"{answer}")
    check(answer["step_rewards"] == step_rewards(server, APPLES), f"{answer}")


def c7(server, _):
    """/v1/score/evaluation: as many scores as messages; an error has no key that could be read as rewards."""
    answer = good(server, "/v1/score/evaluation", dialects.score_evaluation([SUM, APPLES, SUM]))
    check(answer["scores"] == [reward(server, item) for item in (SUM, APPLES, SUM)], f"{answer}")
    for path in dialects.ROUTES:
        for wrong in (b"", b"{", b"[]", b"{}", {"messages": [1], "query": [1], "response": 1, "input": [{}]}):
            refused(server, path, wrong, method="POST")
    refused(server, "/v1/score/evaluation", {"model": "model", "messages": [SUM.query, "no template"]})


def c8(server, _):
    """/pooling of messages: a row a tag, each a distribution, its last the chance of being right."""
    entry = good(server, "/pooling", {"messages": APPLES.messages})["data"][0]
    check(all(len(row) == 2 and abs(sum(map(float, row)) - 1) <= 1e-6 for row in entry["data"]), f"{entry}")
    expected = [float32(text) for text in step_rewards(server, APPLES)]
    check([float32(text) for text in dialects.rows(entry)] == expected, f"{entry} beside {expected}")


def token_ids(server, item):
    return good(server, "/v1/rewards", {**native([item]), "return_token_ids": True})["data"][0]["token_ids"]


def c9(server, _):
    """/pooling of a text, texts, ids and lists of ids: the same rows; unknown fields, dimensions, models."""
    ids = token_ids(server, APPLES)
    answers = [
        good(server, "/pooling", {"input": value, "some_new_field": 1, "user": "u"})["data"]
        for value in (APPLES.tagged, [APPLES.tagged], ids, [ids])
    ]
    check(all(answer == answers[0] for answer in answers) and len(answers[0][0]["data"]) == 3, f"{answers}")
    many = good(server, "/pooling", {"input": [ids, SUM.tagged, APPLES.tagged]})["data"]
    check([len(entry["data"]) for entry in many] == [3, 1, 3] and many[0]["data"] == many[2]["data"], f"{many}")
    refused(server, "/pooling", {"input": ids, "dimensions": 2})
    for path in ("/pooling", "/classify", "/v1/embeddings"):
        error = refused(server, path, {"input": APPLES.tagged, "model": "another"}, status=404)
        check(isinstance(error["message"], str) and error["param"] == "model", f"{path}: {error}")
        good(server, path, {"input": APPLES.tagged, "model": "tiny-prm"})


def c10(server, _):
    """/pooling in base64: the same float32s."""
    body = {"input": [APPLES.tagged, SUM.tagged]}
    plain = good(server, "/pooling", body)["data"]
    coded = good(server, "/pooling", {**body, "encoding_format": "base64"})["data"]
    expected = [[float32(text) for row in entry["data"] for text in row] for entry in plain]
    check([floats(entry["data"]) for entry in coded] == expected, f"{coded} beside {plain}")


def c11(server, _):
    """/classify as vLLM and as SGLang: a list for a list, an object for one; use_activation false is the raw number."""
    expected = reward(server, APPLES)
    raw = reward(server, APPLES, scale="logit")
    verl = {"model": "tiny-prm", "input": APPLES.query, "use_activation": False}
    check(good(server, "/classify", verl)["data"][-1]["probs"][-1] == raw, f"verl's body does not give {raw}")
    for value in (APPLES.query, token_ids(server, APPLES)):
        vllm = good(server, "/classify", {"input": value})["data"][-1]["probs"]
        check(vllm == [expected], f"input {str(value)[:40]}: {vllm}, not {expected}")
        key = "text" if isinstance(value, str) else "input_ids"
        one, many = (good(server, "/classify", {key: sent}) for sent in (value, [value, value]))
        check(one["embedding"] == [expected], f"{key}: {one}")
        check([entry["embedding"] for entry in many] == [[expected]] * 2, f"a list of {key}: {many}")


def c12(server, _):
    """/v1/embeddings in float and in base64, the default of OpenAI's SDK."""
    body = {"model": "tiny-prm", "input": [APPLES.query, SUM.query]}
    expected = [reward(server, item) for item in (APPLES, SUM)]
    plain = good(server, "/v1/embeddings", body)["data"]
    check([entry["embedding"] for entry in plain] == [[text] for text in expected], f"{plain}, not {expected}")
    coded = good(server, "/v1/embeddings", {**body, "encoding_format": "base64"})["data"]
    check([floats(entry["embedding"]) for entry in coded] == [[float32(text)] for text in expected], f"{coded}")


def c13(server, _):
    """The golden within 1e-5 of Tests/Goldens/reference.py, by steps and by ids (real weights: none here)."""
    worst = 0.0
    for case in json.loads(pathlib.Path(GOLDEN, "cases.json").read_text()):
        steps = step_rewards(server, Item(case["prompt"], case["steps"]))
        rows = dialects.POOLING.numbers(good(server, "/pooling", {"input": case["ids"]}))[0]
        for answered in (steps, rows):
            check(len(answered) == len(case["rewards"]), f"{case['title']}: {len(answered)} rewards")
            worst = max(worst, *(abs(float(a) - b) for a, b in zip(answered, case["rewards"])))
    check(worst <= 1e-5, f"off by {worst:.1e}")


def c14(_, options):
    """The same bits alone and among 64 of mixed lengths, and the same number through every dialect."""
    with tempfile.TemporaryDirectory() as folder:
        model = str(GOLDEN) if options.short else middle(folder + "/middle", options.seed)
        items = mixed(64, options.seed)
        with Server(model, "--no-cache") as server:
            expected = [reward(server, item) for item in items]
            together = good(server, "/v1/rewards", native(items))["data"]
            check([entry["reward"] for entry in together] == expected, "/v1/rewards")
            for dialect in dialects.ALL:
                alone = [dialect.numbers(good(server, dialect.path, dialect.body([item])))[0] for item in items]
                if dialect.takes_many:
                    at_once = dialect.numbers(good(server, dialect.path, dialect.body(items)))
                else:
                    burst = Burst(server, [request(dialect.path, dialect.body([item])) for item in items])
                    at_once = [dialect.numbers(answer.value)[0] for answer in burst.answers]
                check(at_once == alone, f"{dialect.name}: another number in a batch than alone")
                if dialect is not dialects.POOLING:
                    check(alone == expected, f"{dialect.name}: another number than /v1/rewards")
            check(len(set(expected)) > 48, "the rewards hardly differ, so the row shows nothing")
