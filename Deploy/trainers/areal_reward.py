"""AReaL: RLVRWorkflow(reward_fn="areal_reward.linchpin", ...).

Written for `RLVRWorkflow._compute_rewards` and `AsyncRewardWrapper` of areal 1.0.4 (areal/workflow/rlvr.py,
areal/api/reward_api.py): prompt and completion come decoded with the special tokens of the policy's template, which
the server's trainer route undoes. The wrapper gives up after 15 s a try and after four tries trains on the reward 0;
so this gives up before it, with an error that stops the rollout instead.
"""

from typing import Any, List

from linchpin_client import LinchpinError, from_environment

SECONDS = 12.0


def linchpin(prompt: str, completions: str, prompt_ids: List[int], completion_ids: List[int], **columns: Any) -> float:
    """The reward of one completion."""
    client = from_environment(deadline=SECONDS)
    try:
        answer = client.post("/get_reward", {"prompts": [prompt], "responses": [completions]})
    except LinchpinError as error:
        if error.status == 422 and client.unscorable is not None:
            return client.unscorable
        raise
    return float(answer["rewards"][0])
