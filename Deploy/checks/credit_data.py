"""Random ragged groups for credits.py: masks, holes, singletons, zero spreads, one step, none, things not said."""

import numpy as np

NONE = float("nan")


def holes(generator, values, share=0.1):
    """The same list with nulls."""
    return [None if generator.random() < share else float(value) for value in values]


def rollout(generator, prompt, flat, number):
    """One rollout with everything that any method reads; `flat` makes all its numbers those of its prompt."""
    n = int(generator.choice([0, 1, 1, 2, 3, 4, 5, 6]))
    lengths = generator.integers(1, 5, n)
    gaps = generator.integers(0, 2, n)
    ends = np.cumsum(lengths + gaps)
    tokens = int(ends[-1] + generator.integers(0, 3)) if n else 0

    def draw(count, low, high):
        return np.full(count, (low + high) / 2) if flat else np.round(generator.uniform(low, high, count), 6)

    values = {
        "id": f"r{number}", "group": prompt,
        "rewards": holes(generator, draw(n, -1, 1)), "scale": "margin",
        "outcome": None if generator.random() < 0.1 else 1.0 if flat else float(generator.integers(0, 2)),
        "turns": sorted(int(turn) for turn in generator.integers(0, 3, n)),
        "states": [f"s{state}" for state in generator.integers(0, 3, n)],
        "mask": [bool(generator.random() > 0.1) for _ in range(n)],
        "answer": None if generator.random() < 0.1 else str(generator.integers(0, 3)),
        "token_count": tokens,
        "token_mask": [bool(generator.random() > 0.1) for _ in range(tokens)],
        "signals": {
            "external": holes(generator, np.round(draw(n, -1, 1), 1)),
            "value": holes(generator, draw(n + 1, 0, 1)),
            "answer_logprob": holes(generator, draw(n + 1, -4, 0)),
            "token_logprob": holes(generator, draw(tokens, -3, 0)),
            "token_entropy": holes(generator, draw(tokens, 0.1, 3)),
            "teacher_logprob": holes(generator, draw(tokens, -3, 0)),
            "logratio": holes(generator, draw(tokens, -1, 1)),
            "dimensions": holes(generator, draw(2, -1, 1)),
            "pivot": int(generator.integers(0, n + 1)),
        },
    }
    if n and generator.random() > 0.1:
        values["token_spans"] = [[int(end - length), int(end)] for end, length in zip(ends, lengths)]
    return values


def batch(generator, groups):
    """Rollouts of so many prompts, of which some have one rollout and some are all alike."""
    rollouts = []
    for prompt in range(groups):
        flat = generator.random() < 0.15
        first = len(rollouts)
        for _ in range(int(generator.choice([1, 2, 3, 4, 6]))):
            rollouts.append(rollout(generator, prompt, flat, len(rollouts)))
            if len(rollouts) - 1 > first and generator.random() < 0.5:
                rollouts[-1]["parent"] = f"r{generator.integers(first, len(rollouts) - 1)}"
    return rollouts


# What a rollout of a request may lack that the others have.
UNSAID = ["group", "rewards", "outcome", "turns", "answer", "parent", "external", "value", "answer_logprob",
          "token_logprob", "token_entropy", "teacher_logprob", "logratio", "dimensions"]


def sent(values, fields, generator):
    """What a request says of a rollout: only these fields, some not of each, and what tells its steps and tokens."""
    values = {**values, "signals": dict(values["signals"])}
    for field in UNSAID:
        if generator.random() < 0.05:
            (values["signals"] if field in values["signals"] else values).pop(field, None)
    body = {key: values[key] for key in ("id", "group", "mask") if key in values}
    for field in fields:
        if field in values["signals"]:
            body.setdefault("signals", {})[field] = values["signals"][field]
        elif field == "tokens":
            body.update({key: values[key] for key in ("token_spans", "token_count", "token_mask") if key in values})
        elif field in values and values[field] is not None:
            body[field] = values[field]
            if field == "rewards":
                body["scale"] = values["scale"]
    return body


class Seen:
    """A sent rollout as arrays; NaN is what is absent."""

    def __init__(self, body, parents):
        signals = body.get("signals", {})
        self.n, self.group, self.body = len(body["mask"]), body.get("group", body["id"]), body
        self.valid = np.array(body["mask"], bool)
        if "rewards" in body:
            self.valid &= np.array([reward is not None for reward in body["rewards"]], bool)
        self.margins = self.steps(body.get("rewards", [None] * self.n))
        self.external = self.steps(signals.get("external", [None] * self.n))
        for name in ("value", "answer_logprob"):
            numbers = signals.get(name, [None] * (self.n + 1))
            setattr(self, name, np.concatenate([array(numbers[:1]), self.steps(numbers[1:])]))
        self.outcome = NONE if body.get("outcome") is None else body["outcome"]
        self.dimensions = array(signals.get("dimensions", [None, None]))
        self.pivot, self.answer = signals.get("pivot"), body.get("answer")
        self.turns, self.states = body.get("turns", list(range(self.n))), body.get("states")
        self.spans, self.tokens = body.get("token_spans"), body.get("token_count", 0)
        self.token_mask = np.array(body.get("token_mask", [True] * self.tokens), bool)
        for name in ("token_logprob", "token_entropy", "teacher_logprob", "logratio"):
            numbers = array(signals.get(name, [None] * self.tokens))
            setattr(self, name, np.where(self.token_mask, numbers, NONE))
        self.parent = parents.get(body.get("parent"))

    def steps(self, values):
        return np.where(self.valid, array(values), NONE)

    def everywhere(self, number):
        """A rollout's number on its steps that count."""
        return np.where(self.valid, number, NONE)

    def spread(self, steps):
        """Steps on their tokens; no row where the spans are not known."""
        if self.spans is None:
            return np.array([])
        tokens = np.full(self.tokens, NONE)
        for (start, end), value in zip(self.spans, steps):
            tokens[start:end] = value
        return np.where(self.token_mask, tokens, NONE)

    def ends(self, steps):
        """Steps on their last tokens, 0 on the others of the step."""
        if self.spans is None:
            return np.array([])
        tokens = np.full(self.tokens, NONE)
        for (start, end), value in zip(self.spans, steps):
            tokens[start:end] = 0 if not np.isnan(value) else NONE
            tokens[end - 1] = value
        return np.where(self.token_mask, tokens, NONE)

    def all_tokens(self, number):
        return np.where(self.token_mask, number, NONE)

    def by_step(self, tokens, reduce):
        """Each step's tokens as one number, those that are present; NaN without any."""
        if self.spans is None:
            return np.full(self.n, NONE)
        return self.everywhere(1) * np.array(
            [NONE if np.isnan(part := tokens[a:b]).all() else reduce(part[~np.isnan(part)]) for a, b in self.spans]
        )


def array(values):
    return np.array([NONE if value is None else value for value in values], float)
