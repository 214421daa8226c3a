"""The trainers' own client code, from their published packages, gets the rewards of POST /v1/rewards.

The client function alone is lifted out of the downloaded source while the check runs. Where PyPI has no such package,
a client written from the protocol stands in, and a line says so.
"""

import array
import asyncio
import json
import types

import trl_training
from lifting import libraries, lifted, source
from policy import Made, single, truth
from server import ROOT, Server, arguments, check

# reward_hub knows this name alone.
NAME = "Qwen/Qwen2.5-Math-PRM-7B"

def logger():
    return types.SimpleNamespace(info=print, warning=print, error=print)


class Letters:
    """A tokenizer and an engine of one token a letter, for client code that decodes what it generated."""

    def __init__(self, made):
        self.made = made

    def __call__(self, text, **_):
        ids = [ord(letter) for letter in text]
        return {"input_ids": [types.SimpleNamespace(tolist=lambda: ids)]}

    def decode(self, ids, skip_special_tokens=False):
        return "".join(map(chr, ids))

    async def generate(self, ids, *_, **__):
        text = self.made.texts[self.made.prompts.index(self.decode(ids))][len(ids) :]
        output = types.SimpleNamespace(token_ids=[ord(letter) for letter in text], finish_reason="stop", logprobs=None)
        return types.SimpleNamespace(outputs=[output])


def openrlhf(server, made):
    """SingleTurnAgentExecutor.execute: one rollout a request, each on a new connection, all at once."""
    import abc
    import copy
    import itertools

    import aiohttp

    folder = source("openrlhf==0.11.2")
    module = lifted(
        folder, "openrlhf/utils/agent.py", "AgentExecutorBase", "SingleTurnAgentExecutor",
        aiohttp=aiohttp, asyncio=asyncio, cycle=itertools.cycle, deepcopy=copy.deepcopy, logger=logger(),
        ABC=abc.ABC, abstractmethod=abc.abstractmethod,
    )
    executor = module.SingleTurnAgentExecutor([made.url(server, "/get_reward")])
    letters, sampling = Letters(made), types.SimpleNamespace(max_tokens=64, logprobs=None)

    async def everything():
        jobs = [executor.execute(prompt, "2", sampling, 4096, letters, letters) for prompt in made.prompts]
        return await asyncio.gather(*jobs)

    outputs = asyncio.run(everything())
    check(all(len(output["reward"]) == len(output["scores"]) == 1 for output in outputs), "one number in each list")
    check(len({tuple(output["extra_logs"]) for output in outputs}) == 1, "the same keys in each extra_logs")
    check(all(isinstance(v[0], float) for output in outputs for v in output["extra_logs"].values()), "floats to log")
    return [output["reward"][0] for output in outputs]


def openrlhf_shards(server, made):
    """RemoteRewardModel.get_rewards of the batch client: N servers, of which the last gets an empty shard."""
    import time

    import requests

    folder = source("openrlhf==0.8.11")
    ray = types.SimpleNamespace(get=list, remote=lambda it: it)
    module = lifted(
        folder, "openrlhf/utils/remote_rm_utils.py", "request_api_wrapper", "RemoteRewardModel",
        requests=requests, time=time, ray=ray, logger=logger(),
    )
    module.remote_rm_fn_ray = types.SimpleNamespace(
        remote=lambda url, queries, prompts, labels: module.request_api_wrapper(
            url, {"query": queries, "prompts": prompts, "labels": labels}
        )
    )
    count = len(made.texts)
    model = module.RemoteRewardModel(None, [made.url(server, "/get_reward")] * (count - 1))
    answers = model.get_rewards(made.texts, made.prompts, [None] * count)
    check(answers[-1]["rewards"] == answers[-1]["scores"] == [], "the empty shard is answered with empty lists")
    return [reward for answer in answers for reward in answer["rewards"]]


def llama_factory(server, made):
    """get_rewards_from_server: one batch, padded on the left as its decoding does."""
    import requests

    folder = source("llamafactory==0.9.5")
    torch = types.SimpleNamespace(Tensor=lambda numbers: array.array("f", numbers))
    module = lifted(
        folder, "llamafactory/train/ppo/ppo_utils.py", "get_rewards_from_server",
        requests=requests, json=json, torch=torch,
    )
    return list(module.get_rewards_from_server(made.url(server, "/v1/score/evaluation"), made.padded))


def reward_hub(server, made):
    """OpenAIProcessRewardModel.score over HTTPClient: POST /pooling with the steps' tags in the text."""
    import requests

    folder = source("reward-hub==0.1.10")
    typing = {name: __import__("typing").__dict__[name] for name in ("Any", "Dict", "List", "Optional", "Union")}
    client = lifted(folder, "reward_hub/openai/vllm_client.py", "HTTPClient", requests=requests, **typing)
    import abc
    import dataclasses
    import enum
    import math

    base = lifted(
        folder, "reward_hub/base.py", "AggregationMethod", "PRMResult", "AbstractProcessRewardModel",
        ABC=abc.ABC, abstractmethod=abc.abstractmethod, dataclass=dataclasses.dataclass, Enum=enum.Enum, math=math,
        **typing,
    )
    names = {name: vars(base)[name] for name in ("AggregationMethod", "PRMResult", "AbstractProcessRewardModel")}
    module = lifted(
        folder, "reward_hub/openai/reward.py", "OpenAIProcessRewardModel",
        AutoTokenizer=types.SimpleNamespace(from_pretrained=lambda _: types.SimpleNamespace()),
        HTTPClient=client.HTTPClient, **names, **typing,
    )
    model = module.OpenAIProcessRewardModel(NAME, server.port)
    chats = [chat + [{"role": "assistant", "content": text}] for chat, text in zip(made.chats, made.answers)]
    results = model.score(chats, step_sep=made.separator, return_full_prm_result=True)
    # It brings a system turn of its own.
    system = {"role": "system", "content": "Please reason step by step, and put your final answer within \\boxed{}."}
    items = truth(server, [{"messages": [system, *c], "steps": s} for c, s in zip(made.chats, made.steps)])
    for result, item in zip(results, items):
        check(result.step_scores == [step["reward"] for step in item["steps"]], f"{result.step_scores} of {item}")
    return made.rewards


def verl_client(server, made):
    """RewardLoopWorker.compute_score_disrm, which reads /classify of vLLM and /v1/embeddings of SGLang."""
    import aiohttp

    folder = source("verl==0.9.1")
    module = lifted(
        folder, "verl/experimental/reward_loop/reward_loop.py", "RewardLoopWorker",
        aiohttp=aiohttp, asyncio=asyncio, logger=logger(),
    )

    class Worker(module.RewardLoopWorker):
        def __init__(self, engine):
            rollout = types.SimpleNamespace(name=engine)
            model = types.SimpleNamespace(rollout=rollout, model_path=NAME)
            self.config = types.SimpleNamespace(reward=types.SimpleNamespace(reward_model=model))
            self.reward_router_address = f"{server.host}:{server.port}"

        async def _preprocess_reward_inputs(self, text):
            return text

    async def every(engine):
        outputs = await asyncio.gather(*map(Worker(engine).compute_score_disrm, made.texts))
        return [output["reward_score"] for output in outputs]

    # It knows a host and a port, so no words; of vLLM it asks for the number before the activation.
    rollouts = [{"messages": chat, "response": answer} for chat, answer in zip(made.chats, made.answers)]
    for engine, credit in [("sglang", {}), ("vllm", {"scale": "logit"})]:
        wanted = [item["reward"] for item in truth(server, rollouts, **credit)]
        rewards = asyncio.run(every(engine))
        check(rewards == wanted, f"verl's client of {engine}: {rewards} instead of {wanted}")
    return made.rewards


def slime(server, made):
    """As slime's remote_rm: one session for all, 64 connections, and the body of the answer is the reward."""
    import aiohttp

    async def one(session, chat, answer):
        body = {"prompt": chat, "response": answer, "label": "2"}
        async with session.post(made.url(server, "/rm"), json=body) as reply:
            reply.raise_for_status()
            return await reply.json()

    async def everything():
        limits = {"timeout": aiohttp.ClientTimeout(total=120), "connector": aiohttp.TCPConnector(limit=64)}
        async with aiohttp.ClientSession(**limits) as session:
            # Both kinds of prompt, and the end token that slime leaves in.
            prompts = [chat if place % 2 else text for place, (chat, text) in enumerate(zip(made.chats, made.prompts))]
            return await asyncio.gather(*(one(session, p, a + "<|im_end|>") for p, a in zip(prompts, made.answers)))

    return asyncio.run(everything())


def posted(server, made, path, body):
    """A batch by `requests`, as LightRFT and align-anything send it."""
    import requests

    reply = requests.post(made.url(server, path), json=body, timeout=100)
    check(reply.status_code == 200, f"{path} answers {reply.status_code} {reply.text}")
    return reply.json()["rewards"]


def light_rft(server, made):
    """`queries`, padded on the left."""
    return posted(server, made, "/get_reward", {"queries": made.padded, "prompts": made.prompts})


def align_anything(server, made):
    """Prompt and response apart, without special tokens."""
    return posted(server, made, "/get_reward", {"prompts": made.questions, "responses": made.answers})


OTHER = "PyPI's package of that name is another project"
EMPTY = "PyPI's package of that name is a placeholder without code"
CLIENTS = [
    ("OpenRLHF 0.11.2", openrlhf, None),
    ("OpenRLHF 0.8.11, in shards", openrlhf_shards, None),
    ("LLaMA-Factory 0.9.5", llama_factory, None),
    ("reward_hub 0.1.10", reward_hub, None),
    ("verl 0.9.1, client of its own reward servers", verl_client, None),
    ("slime", slime, OTHER),
    ("LightRFT", light_rft, EMPTY),
    ("align-anything", align_anything, EMPTY),
]
PACKAGES = ["openrlhf==0.11.2", "openrlhf==0.8.11", "llamafactory==0.9.5", "reward-hub==0.1.10", "verl==0.9.1"]


def clients(model, seed, without=()):
    with Server(model, "--served-name", NAME) as server:
        made = Made(server, seed)
        names = []
        for name, client, _ in CLIENTS:
            if client not in without:
                rewards = client(server, made)
                expected = [single(reward) for reward in made.rewards] if client is llama_factory else made.rewards
                check(rewards == expected, f"{name}: {rewards} instead of {expected}")
                names.append(name)
    print(f"the {len(made.rewards)} rewards of each equal those of /v1/rewards: {'; '.join(names)}")


def main():
    options = arguments(__doc__)
    if not libraries("aiohttp==3.14.5", "requests==2.34.2") or not all(map(source, PACKAGES)):
        print("SKIPPED: PyPI cannot be reached, and what is needed of it is not in LINCHPIN_CLIENTS")
        return
    for name, _, absent in CLIENTS:
        if absent:
            print(f"STAND-IN {name}: {absent}")
    golden = str(ROOT / "Tests/Goldens/tiny-prm")
    clients(golden, options.seed)
    # Its tags are others than those that reward_hub writes.
    clients(None, options.seed, without=[reward_hub])
    trl_training.run(golden, options.short)


main()
