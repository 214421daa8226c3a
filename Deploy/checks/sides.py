"""A server and those who load it have processors of their own, as on machines of their own: what counts is the server's.

Else thousands of callers in Python would take what the server is measured with.
"""

import os

# Where there is but one, there is nothing to divide.
_ALL = sorted(os.sched_getaffinity(0))
SERVER_SIDE, CALLER_SIDE = (_ALL[:-1], _ALL[-1:]) if len(_ALL) > 1 else (_ALL, _ALL)


def stay_with(processors):
    """Of this process, and of those that it starts from here on."""
    os.sched_setaffinity(0, processors)
