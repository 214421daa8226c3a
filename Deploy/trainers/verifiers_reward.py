"""verifiers: a reward for a task's config (0.2 and newer) or for a Rubric (0.1).

    [env.taskset.task.rewards.prm]
    fn = "verifiers_reward:linchpin"                            # verifiers.v1: or .../verifiers_reward.py:linchpin
    vf.Rubric(funcs=[rubric_linchpin])                          # 0.1

Written for `Task.score` of verifiers 0.4.0 (verifiers/v1/task.py, utils/decorators.py) and for
`Rubric._call_individual_reward_func` of 0.1.14 (verifiers/rubrics/rubric.py): both pass arguments by their names. The
conversation up to the last turn is the prompt, and the last turn is what is scored.
"""

from typing import Any, List

from linchpin_client import Message, from_environment, rollout


async def linchpin(task: Any, trace: Any) -> float:
    """The reward of a trace's last branch."""
    return (await from_environment().arewards([rollout(_turns(trace.messages), [])]))[0]


async def rubric_linchpin(prompt: Any, completion: Any, **_: Any) -> float:
    """The reward of one rollout; each part is a text or a chat list."""
    return (await from_environment().arewards([rollout(_turns(prompt), _turns(completion))]))[0]


def _turns(messages: Any) -> Any:
    if isinstance(messages, str):
        return messages
    turns: List[Message] = []
    for one in messages:
        turns.append(one if isinstance(one, dict) else one.model_dump(exclude_none=True))
    return turns
