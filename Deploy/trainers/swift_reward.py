"""ms-swift: --external_plugins .../swift_reward.py --reward_funcs linchpin (GRPO), or --prm_model linchpin (sampling).

Written for ms-swift 4.6.0: `compute_rewards_per_func` of swift/rl_core/grpo_algorithm.py, which hands over the
completions and the columns of the batch, `messages` among them with the completion as their last turn; and `get_reward`
of swift/pipelines/sampling/utils.py, which hands over requests whose last turn is the answer.
"""

from typing import Any, List, Sequence

from swift.rewards import ORM, PRM, AsyncORM, orms, prms

from linchpin_client import from_environment, rollout


class Linchpin(ORM):
    """One number a completion."""

    def __call__(self, completions: Sequence[str], messages: Sequence[Any], **columns: Any) -> List[float]:
        return from_environment().rewards([rollout(turns, []) for turns in messages])


class AsyncLinchpin(AsyncORM):
    """The same, beside other rewards that wait."""

    async def __call__(self, completions: Sequence[str], messages: Sequence[Any], **columns: Any) -> List[float]:
        return await from_environment().arewards([rollout(turns, []) for turns in messages])


class LinchpinPRM(PRM):
    """One number a candidate."""

    def __call__(self, infer_requests: Sequence[Any], **options: Any) -> List[float]:
        turns = [one["messages"] if isinstance(one, dict) else one.messages for one in infer_requests]
        return from_environment().rewards([rollout(each, []) for each in turns])


orms["linchpin"] = Linchpin
orms["linchpin_async"] = AsyncLinchpin
prms["linchpin"] = LinchpinPRM
