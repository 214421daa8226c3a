"""A rollout as each route wants it, and where the route's answer has its numbers."""

import base64
import struct
from typing import Callable, NamedTuple

SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


class Item(NamedTuple):
    """A question and its steps, in the templates of a policy (ChatML) and of the reward model."""

    question: str
    steps: list

    @property
    def prompt(self):
        turns = (("system", "You are a policy."), ("user", self.question))
        return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns) + "<|im_start|>assistant\n"

    @property
    def response(self):
        return "\n\n".join(self.steps)

    @property
    def query(self):
        return f"{self.prompt}{self.response}<|im_end|>"

    @property
    def native(self):
        return {"prompt": self.question, "steps": self.steps}

    @property
    def messages(self):
        """With the step tags in it, as clients of vLLM's /pooling send it."""
        return [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": self.question},
            {"role": "assistant", "content": "".join(step + "<extra_0>" for step in self.steps)},
        ]

    @property
    def tagged(self):
        return "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in self.messages)


class Dialect(NamedTuple):
    name: str
    path: str
    body: Callable  # of a list of items
    numbers: Callable  # of the answer: one entry an item
    takes_many: bool = True


def queries(items):
    return {"query": [i.query for i in items], "prompts": [i.prompt for i in items], "labels": ["2"] * len(items)}


def lightrft(items):
    return {"queries": [i.query for i in items], "prompts": [i.prompt for i in items]}


def align_anything(items):
    return {"prompts": [i.question for i in items], "responses": [i.response for i in items]}


def slime(items):
    return {"prompt": items[0].prompt, "response": items[0].response, "label": "2"}


def chat(items):
    return {**slime(items), "prompt": [{"role": "user", "content": items[0].question}]}


def verl(items):
    extra = {"question": items[0].question, "index": 7}
    return {"data_source": "gsm8k", "solution_str": items[0].response, "ground_truth": "2", "extra_info": extra}


def score_evaluation(items):
    return {"model": "model", "messages": [i.query for i in items]}


def tagged(items):
    return {"input": [i.tagged for i in items]}


def trainer_input(items):
    return {"input": [i.query for i in items]}


def sglang(items):
    return {"text": [i.query for i in items]}


def floats(text):
    """The float32s of a base64 text, as their bits."""
    data = base64.b64decode(text, validate=True)
    return [data[place : place + 4].hex() for place in range(0, len(data), 4)]


def float32(text):
    """The bits that a number of a JSON text has as a float32."""
    return struct.pack("<f", float(text)).hex()


# One rollout, one number.
SCALARS = [
    Dialect("OpenRLHF", "/get_reward", queries, lambda answer: answer["rewards"]),
    Dialect("LightRFT", "/get_reward", lightrft, lambda answer: answer["rewards"]),
    Dialect("align-anything", "/get_reward", align_anything, lambda answer: answer["rewards"]),
    Dialect("slime", "/", slime, lambda answer: [answer], takes_many=False),
    Dialect("slime, a chat list", "/rm", chat, lambda answer: [answer], takes_many=False),
    Dialect("slime, an object", "/rm?format=object", slime, lambda answer: [answer["score"]], takes_many=False),
    Dialect("verl", "/", verl, lambda answer: [answer["score"]], takes_many=False),
    Dialect("LLaMA-Factory", "/v1/score/evaluation", score_evaluation, lambda answer: answer["scores"]),
    Dialect("vLLM /classify", "/classify", trainer_input, lambda answer: [row["probs"][0] for row in answer["data"]]),
    Dialect("SGLang /classify", "/classify", sglang, lambda answer: [row["embedding"][0] for row in answer]),
    Dialect("OpenAI", "/v1/embeddings", trainer_input, lambda answer: [row["embedding"][0] for row in answer["data"]]),
]
POOLING = Dialect("vLLM /pooling", "/pooling", tagged, lambda answer: [rows(entry) for entry in answer["data"]])
ALL = [*SCALARS, POOLING]

# Every path that scores, each with a body that it answers.
ROUTES = {dialect.path.partition("?")[0]: dialect for dialect in ALL}


def native(items):
    return {"rollouts": [item.native for item in items]}


def rows(entry):
    """The positive class of each step."""
    return [row[-1] for row in entry["data"]]
