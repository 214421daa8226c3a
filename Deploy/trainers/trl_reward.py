"""TRL: GRPOTrainer(reward_funcs=[linchpin]), or linchpin_async beside other rewards that wait.

Written for `GRPOTrainer._calculate_rewards` of trl 1.16.0 (trl/trainer/grpo_trainer.py), which every trainer with
`reward_funcs` follows: lists of equal length in, as many numbers out. A prompt is a text or a chat list; its completion
is of the same kind.
"""

from typing import Any, List, Sequence

from linchpin_client import Rollout, from_environment, rollout


def linchpin(prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> List[float]:
    """One number a completion; TRL logs it as `rewards/linchpin`."""
    return from_environment().rewards(_rollouts(prompts, completions))


async def linchpin_async(prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> List[float]:
    """The same, which TRL gathers with its other asynchronous rewards."""
    return await from_environment().arewards(_rollouts(prompts, completions))


def _rollouts(prompts: Sequence[Any], completions: Sequence[Any]) -> List[Rollout]:
    return [rollout(prompt, completion) for prompt, completion in zip(prompts, completions)]
