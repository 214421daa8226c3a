"""verl: reward.custom_reward_function.path=.../verl_reward.py, its name `compute_score`; one number a rollout.

Written for `NaiveRewardManager.run_single` of verl 0.9.1 (verl/experimental/reward_loop/reward_manager/naive.py), which
gives the function the answer without its special tokens, and no prompt: the question is taken from `extra_info`, where
verl's own recipes put it. `verl_manager.py` needs no such column, and gives a reward to each step.
"""

from typing import Any, Dict, Optional

from linchpin_client import from_environment, rollout


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Optional[Dict[str, Any]] = None,
    **_: Any,
) -> float:
    """The reward of one answer to `extra_info["question"]`."""
    question = (extra_info or {}).get("question")
    if question is None:
        raise KeyError(f"extra_info.question: the data source {data_source!r} has none, and verl passes no prompt")
    return from_environment().rewards([rollout(question, solution_str)])[0]
