"""The shapes and the workloads of `linchpin bench model`, token for token, for peers that know neither."""

import random

# config.json of Qwen2.5-0.5B and -1.5B.
SHAPES = {
    "qwen2.5-0.5b": {
        "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
        "num_attention_heads": 14, "num_key_value_heads": 2,
    },
    "qwen2.5-1.5b": {
        "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
        "num_attention_heads": 12, "num_key_value_heads": 2,
    },
}
VOCABULARY = 151_936
WORKLOADS = ("1x512", "mixed8", "group8", "tree")
PRECISIONS = ("int8", "float32")

MIXED_LENGTHS = (128, 384, 160, 352, 192, 320, 224, 288)
GROUP = {"rollouts": 8, "prompt": 200, "answer": 150}
TREE = {"trunk": 100, "step": 25, "branches": 4, "steps": 8}
# A reward is read after each step; a step of real rollouts has about this many tokens.
READ_EVERY = 25


def waves(workload, seed=20261121):
    """Requests, as lists of token ids, in waves: one wave can be sent together, the next needs its answers."""
    generator = random.Random(seed)

    def tokens(count):
        return [generator.randrange(VOCABULARY) for _ in range(count)]

    if workload == "1x512":
        return [[tokens(512)]]
    if workload == "mixed8":
        return [[tokens(length) for length in MIXED_LENGTHS]]
    if workload == "group8":
        prompt = tokens(GROUP["prompt"])
        return [[prompt + tokens(GROUP["answer"]) for _ in range(GROUP["rollouts"])]]
    if workload == "tree":
        trunk, found = tokens(TREE["trunk"]), []
        for _ in range(TREE["steps"]):
            found.append([trunk + tokens(TREE["step"]) for _ in range(TREE["branches"])])
            trunk = found[-1][0]
        return found
    raise ValueError(workload)


def tokens_sent(workload):
    """Every token of every request counts, whoever shares it."""
    return sum(len(request) for wave in waves(workload) for request in wave)


def one_by_one(workload):
    """Batches of one request each, no padding."""
    return [[request] for wave in waves(workload) for request in wave]


def together(workload):
    """A wave is a batch; its shorter requests will be padded."""
    return waves(workload)


def reads(request):
    """Where a reward is read: the last token of every step."""
    return sorted({*range(READ_EVERY - 1, len(request), READ_EVERY), len(request) - 1})
