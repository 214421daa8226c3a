"""Every plugin of Deploy/trainers, called by its trainer's own code from PyPI, gives the rewards of POST /v1/rewards.

Of the trainers' packages only the code that calls a plugin is lifted; the classes that it hands over are made here.
"""

import abc
import asyncio
import atexit
import concurrent.futures
import concurrent.futures.process
import dataclasses
import functools
import importlib
import inspect
import logging
import os
import pathlib
import sys
import threading
import types
import typing

from lifting import interpreter, libraries, lifted, source
from policy import CREDIT, WORDS, Made, truth
from server import ROOT, Server, arguments, check
from trl_training import PACKAGES as WITH_TORCH

PLUGINS = ROOT / "Deploy/trainers"
TRAINERS = {
    name: f"{name}=={version}"
    for name, version in [("verl", "0.9.1"), ("ms-swift", "4.6.0"), ("areal", "1.0.4"), ("verifiers", "0.4.0")]
}
OLD_VERIFIERS = "verifiers==0.1.14"
TYPES = {name: vars(typing)[name] for name in ("Any", "Callable", "Dict", "List", "Literal", "Optional", "Union")}


def module(name, **contents):
    """A module of a trainer, of which only this is there."""
    for parent in [name.rsplit(".", depth)[0] for depth in range(name.count("."), 0, -1)]:
        sys.modules.setdefault(parent, types.ModuleType(parent))
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(contents)


class Batch:
    """As much of verl's DataProto as its reward loop uses."""

    def __init__(self, batch, non_tensor_batch):
        self.batch, self.non_tensor_batch = batch, non_tensor_batch

    def __len__(self):
        return len(self.batch["responses"])

    def __getitem__(self, place):
        parts = ({key: value[place] for key, value in part.items()} for part in (self.batch, self.non_tensor_batch))
        return Batch(*parts)


def tokenizer():
    from transformers import PreTrainedTokenizerFast

    file = str(ROOT / "Tests/Goldens/tiny-prm/tokenizer.json")
    return PreTrainedTokenizerFast(tokenizer_file=file, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def batch(made, tokens):
    """Prompts padded on the left, responses on the right, each with its end token, as verl has them."""
    import torch

    prompts = [tokens.encode(text, add_special_tokens=False) for text in made.prompts]
    responses = [tokens.encode(text + "<|im_end|>", add_special_tokens=False) for text in made.answers]
    left, right = max(map(len, prompts)), max(map(len, responses)) + 3
    pad = tokens.pad_token_id
    masks = [
        [0] * (left - len(prompt)) + [1] * (len(prompt) + len(response)) + [0] * (right - len(response))
        for prompt, response in zip(prompts, responses)
    ]
    tensors = {
        "prompts": torch.tensor([[pad] * (left - len(ids)) + ids for ids in prompts]),
        "responses": torch.tensor([ids + [pad] * (right - len(ids)) for ids in responses]),
        "attention_mask": torch.tensor(masks),
    }
    rows = {
        "raw_prompt": made.chats,
        "data_source": ["made"] * len(responses),
        "reward_model": [{"ground_truth": ""}] * len(responses),
        "extra_info": [{"question": question} for question in made.questions],
    }
    return Batch(tensors, rows)


def verl_settings(enable):
    model = types.SimpleNamespace(enable=enable, enable_resource_pool=False)
    return types.SimpleNamespace(reward=types.SimpleNamespace(reward_model=model))


# What tokens spell, the steps in it, and where each stands.
PIECES = [
    ([], [], []),
    ([" \n\n", ""], [], []),
    (["a"], ["a"], [[0, 1]]),
    (["a", "\n", "\n", "b", ""], ["a", "b"], [[0, 3], [3, 5]]),
    (["a.\n\n", "\n", "b", "\n", "c", "\n\n\n", ""], ["a.", "b\nc"], [[0, 1], [1, 7]]),
    (["\n\n", "a", "\n\n", "\n\n", "b"], ["a", "b"], [[1, 4], [4, 5]]),
]


def verl(server, made):
    """NaiveRewardManager around compute_score, and RewardManagerBase under the step manager."""
    import torch

    folder, place = source(TRAINERS["verl"]), "verl/experimental/reward_loop/reward_manager"
    base = lifted(
        folder, f"{place}/base.py", "RewardManagerBase",
        torch=torch, ABC=abc.ABC, abstractmethod=abc.abstractmethod, get_event_loop=asyncio.get_event_loop,
    )
    module("verl.experimental.reward_loop.reward_manager.base", RewardManagerBase=base.RewardManagerBase)
    naive = lifted(
        folder, f"{place}/naive.py", "NaiveRewardManager",
        RewardManagerBase=base.RewardManagerBase, register=lambda _: lambda it: it, inspect=inspect,
        default_compute_score=None,
    )
    score, manager = importlib.import_module("verl_reward"), importlib.import_module("verl_manager")
    for pieces, steps, spans in PIECES:
        found = manager.steps_of(list(range(len(pieces))), lambda ids: "".join(pieces[i] for i in ids))  # noqa: B023
        check(found == (steps, spans), f"{pieces} is cut into {found}")
    tokens = tokenizer()
    data = batch(made, tokens)

    def all_of(kind, *given):
        async def every():
            one = kind(*given)
            return await asyncio.gather(*(one.run_single(data[i : i + 1]) for i in range(len(data))))

        return [output["reward_score"] for output in asyncio.run(every())]

    check(all_of(naive.NaiveRewardManager, None, tokens, score.compute_score) == made.rewards, "verl, compute_score")
    streamed = all_of(manager.StepRewardManager, verl_settings(False), tokens, None)
    check(streamed == made.rewards, f"verl, streaming: {streamed} instead of {made.rewards}")
    scores = all_of(manager.StepRewardManager, verl_settings(True), tokens, None)
    written = manager.StepRewardManager.assemble_rm_scores(data, scores)
    check(torch.equal(written, expected_tokens(made, data, tokens)), f"verl, token rewards: {written}")
    return f"compute_score and the step manager, which wrote {int((written != 0).sum())} token rewards"


def expected_tokens(made, data, tokens):
    """Each step's credit on the token that completes its separator, or on the last one; found from the letters."""
    import torch

    expected = torch.zeros_like(data.batch["responses"], dtype=torch.float32)
    for row, ids, item, steps in zip(expected, data.batch["responses"].tolist(), made.items, made.steps):
        valid = ids.index(tokens.eos_token_id) + 1
        texts = [tokens.decode(ids[: end + 1], skip_special_tokens=True) for end in range(valid)]
        for number, step in enumerate(item["steps"]):
            whole = made.separator.join(steps[: number + 1]) + made.separator
            last = number == len(steps) - 1
            end = valid - 1 if last else next(place for place, text in enumerate(texts) if text.startswith(whole))
            row[end] = step["credit"]
    return expected


def swift(server, made):
    """compute_rewards_per_func of its GRPO around both reward classes, and get_reward of its sampling."""
    import numpy
    import torch

    folder = source(TRAINERS["ms-swift"])
    orm = lifted(folder, "swift/rewards/orm.py", "ORM", "AsyncORM", **TYPES)
    prm = lifted(folder, "swift/rewards/prm.py", "PRM", **TYPES)
    module("swift.rewards", ORM=orm.ORM, AsyncORM=orm.AsyncORM, PRM=prm.PRM, orms={}, prms={})
    rows = lambda rows: {key: [row[key] for row in rows] for key in rows[0]}  # noqa: E731
    module("swift.dataset", RowPreprocessor=types.SimpleNamespace(rows_to_batched=rows))
    plugin = importlib.import_module("swift_reward")

    turns = [[*chat, {"role": "assistant", "content": text}] for chat, text in zip(made.chats, made.answers)]
    samples = [
        types.SimpleNamespace(messages=each, to_reward_row=lambda each=each: {"messages": each, "solution": "2"})
        for each in turns
    ]
    grpo = lifted(
        folder, "swift/rl_core/grpo_algorithm.py", "compute_rewards_per_func", "_is_async_reward",
        torch=torch, nn=torch.nn, logger=logging.getLogger(),
    )
    functions = [plugin.orms["linchpin"](args=None), plugin.orms["linchpin_async"](args=None)]
    tensor = grpo.compute_rewards_per_func(samples, functions, [None, None], torch.device("cpu"))
    wanted = torch.tensor([[reward, reward] for reward in made.rewards])
    check(torch.equal(tensor, wanted), f"ms-swift: {tensor} instead of {wanted}")

    request = dataclasses.make_dataclass("InferRequest", ["messages"])
    sampling = lifted(
        folder, "swift/pipelines/sampling/utils.py", "get_reward", inspect=inspect, np=numpy, fields=dataclasses.fields,
        InferRequest=request, InferEngine=type("InferEngine", (), {}), ChatCompletionResponse=type("Other", (), {}),
    )
    requests = [{"messages": each, "solution": "2"} for each in turns]
    found, _ = sampling.get_reward(plugin.prms["linchpin"](), requests, ground_truths=["2"] * len(turns))
    check(found.tolist() == made.rewards, f"ms-swift, sampling: {found}")
    return "ORM, AsyncORM and PRM"


def areal(server, made):
    """AsyncRewardWrapper: in a process of its own, forked from this one, whose connections are open."""
    pools = concurrent.futures
    wrapper = lifted(
        source(TRAINERS["areal"]), "areal/api/reward_api.py", "AsyncRewardWrapper", "_get_device_count_safely",
        asyncio=asyncio, atexit=atexit, os=os, threading=threading, partial=functools.partial,
        ProcessPoolExecutor=pools.ProcessPoolExecutor, BrokenProcessPool=pools.process.BrokenProcessPool,
        logger=logging.getLogger(),
    )
    plugin = importlib.import_module("areal_reward")

    async def every():
        call = wrapper.AsyncRewardWrapper(plugin.linchpin)
        texts = zip(made.prompts, made.answers)
        return await asyncio.gather(*(call(p, a + "<|im_end|>", [1], [2], messages=[], answer="2") for p, a in texts))

    rewards = asyncio.run(every())
    check(rewards == made.rewards, f"AReaL: {rewards} instead of {made.rewards}")
    return "AsyncRewardWrapper"


def verifiers(server, made):
    """plugged_fn and invoke_all of verifiers.v1, on its own messages, and Rubric.score_rollout of 0.1."""
    import pydantic

    folder = source(TRAINERS["verifiers"])
    loaders = lifted(
        folder, "v1/utils/loaders.py", "plugged_fn", "file_module",
        functools=functools, importlib=importlib, Path=pathlib.Path,
    )
    decorators = lifted(
        folder, "v1/utils/decorators.py", "invoke", "invoke_all",
        asyncio=asyncio, inspect=inspect, get_origin=typing.get_origin, get_type_hints=typing.get_type_hints,
    )
    names = ("SystemMessage", "UserMessage", "ToolCall", "AssistantMessage", "ToolMessage")
    kinds = lifted(folder, "v1/types.py", *names, BaseModel=pydantic.BaseModel, MessageContent=str, **TYPES)
    made_by = loaders.plugged_fn(f"{PLUGINS}/verifiers_reward.py:linchpin")

    def trace(question, answer):
        turns = [kinds.UserMessage(content=question), kinds.AssistantMessage(content=answer)]
        return types.SimpleNamespace(messages=[kinds.SystemMessage(content="Be brief."), *turns])

    async def every():
        traces = [trace(question, answer) for question, answer in zip(made.questions, made.answers)]
        calls = (decorators.invoke_all([made_by], {"task": None, "trace": one, "runtime": None}) for one in traces)
        return [rewards[0] for rewards in await asyncio.gather(*calls)]

    check(asyncio.run(every()) == made.rewards, "verifiers.v1")
    with_tool = types.SimpleNamespace(
        messages=[
            kinds.UserMessage(content="1+1?"), kinds.AssistantMessage(tool_calls=[]),
            kinds.ToolMessage(tool_call_id="1", content="2"), kinds.AssistantMessage(content="It is 2."),
        ]
    )
    chat = [("user", "1+1?"), ("assistant", ""), ("user", "2")]
    one = {"messages": [{"role": role, "content": text} for role, text in chat], "response": "It is 2."}
    check(asyncio.run(made_by(None, with_tool)) == truth(server, [one], **CREDIT)[0]["reward"], "a trace with a tool")
    return "a plugged reward" + rubric(made)


def rubric(made):
    folder = source(OLD_VERIFIERS)
    waiting = lifted(folder, "verifiers/utils/async_utils.py", "maybe_await", inspect=inspect)
    old = lifted(
        folder, "verifiers/rubrics/rubric.py", "Rubric",
        vf=types.SimpleNamespace(Parser=object), discover_decorated=lambda *_: [], maybe_await=waiting.maybe_await,
        asyncio=asyncio, inspect=inspect, logging=logging, RolloutScore=dict, TASK_INPUT_FIELDS=(), cast=typing.cast,
        get_origin=typing.get_origin, Mapping=typing.Mapping, GroupRewardFunc=typing.Callable, Any=typing.Any,
    )
    plugin = importlib.import_module("verifiers_reward")
    states = [
        {"prompt": chat, "completion": [{"role": "assistant", "content": text}], "input": {}}
        for chat, text in zip(made.chats, made.answers)
    ]

    async def every():
        await asyncio.gather(*(old.Rubric(funcs=[plugin.rubric_linchpin]).score_rollout(state) for state in states))

    asyncio.run(every())
    check([state["reward"] for state in states] == made.rewards, "verifiers 0.1")
    return " and a Rubric"


def own_words(server, made):
    """What a user may set beside the URL's words: the reward of the unscorable, and a group to be normalised in."""
    client, areal_reward = importlib.import_module("linchpin_client"), importlib.import_module("areal_reward")
    blank = client.rollout("What is 1+1?", " ")
    url = f"http://{server.host}:{server.port}"
    for ask in (
        lambda: client.Client(url).rewards([blank]),
        lambda: areal_reward.linchpin(made.prompts[0], "", [], []),
    ):
        try:
            check(False, f"{ask()} for nothing")
        except client.LinchpinError as error:
            check((error.status, error.code) == (422, "empty_steps"), f"{error} for nothing")
    check(client.Client(url, unscorable=-2.0).rewards([blank]) == [-2.0], "the client's reward for nothing")
    os.environ["LINCHPIN_UNSCORABLE"] = "-2"
    client.from_environment.cache_clear()
    check(areal_reward.linchpin(made.prompts[0], "", [], []) == -2.0, "AReaL's reward for nothing")
    group = [{"prompt": "What is 1+1?", "response": text, "group": "q"} for text in made.answers[:4]]
    rewards = client.Client(url + WORDS + "&normalize=grpo").rewards(group)
    mean = sum(item["reward"] for item in truth(server, group, **CREDIT)) / 4
    spread = (sum((item["reward"] - mean) ** 2 for item in truth(server, group, **CREDIT)) / 3) ** 0.5
    wanted = [(item["reward"] - mean) / (spread + 1e-6) for item in truth(server, group, **CREDIT)]
    check(all(abs(one - other) < 1e-9 for one, other in zip(rewards, wanted)), f"{rewards} instead of {wanted}")


def main():
    options = arguments(__doc__)
    if not all(map(source, [*TRAINERS.values(), OLD_VERIFIERS])):
        print("SKIPPED: PyPI cannot be reached, and what is needed of it is not in LINCHPIN_CLIENTS")
        return
    python = interpreter(*WITH_TORCH)
    if python and pathlib.Path(sys.prefix) != pathlib.Path(python).parents[1]:
        os.execv(python, [python, *sys.argv])
    trainers = [areal, verifiers, *([swift, verl] if python else [])]
    if not python:
        print("SKIPPED ms-swift, verl: a torch for processors alone is not to be had here")
        libraries("pydantic==2.13.4")
    sys.path.insert(0, str(PLUGINS))
    with Server(str(ROOT / "Tests/Goldens/tiny-prm")) as server:
        os.environ["LINCHPIN_URL"] = f"http://{server.host}:{server.port}{WORDS}"
        made = Made(server, options.seed)
        words = [f"{trainer.__name__} ({trainer(server, made)})" for trainer in trainers]
        own_words(server, made)
    print(f"the {len(made.rewards)} rewards of each plugin equal those of /v1/rewards: {'; '.join(words)}")


main()
