"""Rollouts as a policy writes them, in its chat template, and what POST /v1/rewards says of them."""

import array
import json
import random

from server import check

# What a trainer's user asks for in the URL, and the same in a body of /v1/rewards.
WORDS = "?pooling=sws&temperature=0.5&scale=margin"
CREDIT = {"pooling": "sws", "temperature": 0.5, "scale": "margin"}


def single(number):
    """A float32, as a tensor holds it."""
    return array.array("f", [number])[0]


class Made:
    """The same rollouts in each of the forms that trainers have them in."""

    def __init__(self, server, seed, count=12):
        chance = random.Random(seed)
        self.questions, self.steps = [], []
        for number in range(count):
            left, right = chance.randint(2, 99), chance.randint(2, 99)
            lines = [f"{left} + {right} = {left + right + chance.choice([0, 0, 1])}.", 'So "it" is\tthat. \U0001f600é']
            self.questions.append(f"What is {left} + {right}?")
            self.steps.append([lines[place % 2] for place in range(1 + number % 3)])
        self.separator = json.loads(server.get("/info")[1])["separator"]
        self.answers = [self.separator.join(steps) for steps in self.steps]
        self.chats = [[{"role": "user", "content": question}] for question in self.questions]
        self.prompts = [f"<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n" for q in self.questions]
        self.texts = [f"{prompt}{answer}<|im_end|>\n" for prompt, answer in zip(self.prompts, self.answers)]
        self.padded = ["<|endoftext|>" * (number % 4) + text for number, text in enumerate(self.texts)]
        rollouts = [{"messages": chat, "response": answer} for chat, answer in zip(self.chats, self.answers)]
        self.items = truth(server, rollouts, **CREDIT)
        self.rewards = [item["reward"] for item in self.items]

    def url(self, server, path):
        return f"http://{server.host}:{server.port}{path}{WORDS}"


def truth(server, rollouts, **credit):
    """The items of POST /v1/rewards."""
    status, answer = server.post("/v1/rewards", {"rollouts": rollouts, "credit": credit})
    check(status == 200 and len(answer["data"]) == len(rollouts), f"/v1/rewards answers {status} {answer}")
    return answer["data"]
