"""verl: a reward manager that puts each step's credit on the step's last token.

Written for `RewardManagerBase` and `RewardLoopManager.compute_rm_score` of verl 0.9.1
(verl/experimental/reward_loop/reward_manager/base.py, ../reward_loop.py). verl lays rewards on tokens only where it
scores whole batches after generation; while it still generates (no `reward.reward_model`, or one with a pool of its
own), its agent loop takes one number a rollout (`AgentLoopOutput.reward_score`), and gets the rollout's reward.
"""

import os
from typing import Any, Callable, Dict, List, Sequence, Tuple

import torch
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase

from linchpin_client import from_environment, rollout

SEPARATOR = os.environ.get("LINCHPIN_SEPARATOR", "\n\n")


class StepRewardManager(RewardManagerBase):
    """`reward.reward_manager.source=importlib`, `.name=StepRewardManager`, `.module.path=.../verl_manager.py`."""

    def __init__(self, config: Any, tokenizer: Any, compute_score: Any = None, **_: Any) -> None:
        super().__init__(config, tokenizer, compute_score)
        model = config.reward.reward_model
        self.is_after_generation = model.enable and not model.enable_resource_pool

    async def run_single(self, data: Any) -> Dict[str, Any]:
        return await self.loop.run_in_executor(None, self._score, data[-1:][0])

    def _score(self, item: Any) -> Dict[str, Any]:
        ids = item.batch["responses"]
        ids = ids[: int(item.batch["attention_mask"][-ids.shape[-1] :].sum())].tolist()
        steps, spans = steps_of(ids, lambda part: self.tokenizer.decode(part, skip_special_tokens=True))
        one = rollout(list(item.non_tensor_batch["raw_prompt"]), [{"role": "assistant", "content": ""}])
        one.update(steps=steps, token_spans=spans, token_count=len(ids))
        del one["response"]
        client = from_environment()
        scored = client.score([one])[0]
        reward = client.reward(scored)
        info = {"linchpin_reward": reward, "linchpin_steps": len(steps)}
        if not self.is_after_generation:
            return {"reward_score": reward, "reward_extra_info": info}
        # An unscorable rollout has no steps to credit: its one number goes where verl puts a scalar.
        tokens = [0.0] * (len(ids) - 1) + [reward] if "error" in scored else scored["token_credit"]
        return {"reward_score": tokens, "reward_extra_info": info}

    @classmethod
    def assemble_rm_scores(cls, data: Any, scores: Sequence[Sequence[float]]) -> torch.Tensor:
        rewards = torch.zeros_like(data.batch["responses"], dtype=torch.float32)
        for row, tokens in zip(rewards, scores):
            row[: len(tokens)] = row.new_tensor(tokens)
        return rewards


def steps_of(ids: List[int], decode: Callable[[List[int]], str]) -> Tuple[List[str], List[List[int]]]:
    """The text of each step and its [start, end) in tokens.

    A step ends with the token that completes a separator, as in PURE's splitting; a blank piece, such as the end
    token alone, belongs to the step before it.
    """
    steps: List[str] = []
    spans: List[List[int]] = []
    start, tail = 0, ""
    for end, token in enumerate(ids, 1):
        tail += decode([token])
        if SEPARATOR not in tail and end < len(ids):
            tail = tail[1 - len(SEPARATOR) :]
            continue
        text = decode(ids[start:end]).strip()
        if text:
            steps.append(text)
            spans.append([start, end])
        elif spans:
            spans[-1][1] = end
        start, tail = end, ""
    return steps, spans
