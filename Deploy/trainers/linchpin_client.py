"""Asks a Linchpin server what rollouts and their steps are worth. Python 3.9 or newer, the standard library only.

    from linchpin_client import Client
    client = Client("http://127.0.0.1:8080?pooling=min")
    client.rewards([{"prompt": "What is 1+1?", "response": "1 + 1 = 2.\\n\\nSo it is 2."}])     # [0.83]
"""

import asyncio
import collections
import functools
import http.client
import json
import math
import os
import random
import time
import urllib.parse
from typing import Any, Deque, Dict, Iterator, List, Optional, Sequence, Tuple, Union

Rollout = Dict[str, Any]
Message = Dict[str, Any]

REWARDS = "/v1/rewards"
# What another try may find otherwise: busy, draining, behind a proxy that has lost the server.
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
# The server keeps an idle connection for at least 75 s; an older one is not trusted.
IDLE_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0


class LinchpinError(Exception):
    """A refusal: the server's `status`, `code` and `param` (the item it names), or status 0 where no answer came."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        param: Optional[str] = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(f"{status} {code}: {message}" + (f" ({param})" if param else ""))
        self.status, self.code, self.message, self.param = status, code, message, param
        self.retry_after = retry_after

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == 0 or self.status in TRANSIENT

    def __reduce__(self) -> Tuple[Any, ...]:
        # Trainers carry errors between processes; the default would call __init__ with the one sentence.
        return type(self), (self.status, self.code, self.message, self.param, self.retry_after)


class Client:
    """One server; any number of threads and forked processes may use it at once, each on its own kept connection.

    url: of the server, with its words and a secret path where it has one: `https://host:8080/KEY?pooling=min`.
    batch: rollouts in one request at most; the rollouts of one `group` always go together.
    timeout: seconds of one try, a little more than the 110 s for which the server itself waits for room.
    deadline: seconds of one call, with all its tries and pauses.
    unscorable: the reward of a rollout that the model cannot score, such as an empty one; None raises instead.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        api_key: Optional[str] = None,
        batch: int = 256,
        timeout: float = 120.0,
        deadline: float = 600.0,
        unscorable: Optional[float] = None,
    ) -> None:
        parts = urllib.parse.urlsplit(url if "://" in url else "http://" + url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the URL of a server: {url}")
        if batch < 1:
            raise ValueError("batch: at least 1")
        path = parts.path.rstrip("/")
        self._prefix = path[: -len(REWARDS)] if path.endswith(REWARDS) else path
        self._query = "?" + parts.query if parts.query else ""
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self.batch, self.timeout, self.deadline, self.unscorable = batch, timeout, deadline, unscorable
        # (process, time of last use, connection); a deque's append and pop need no lock, which a fork could inherit.
        self._idle: Deque[Tuple[int, float, http.client.HTTPConnection]] = collections.deque()

    def rewards(self, rollouts: Sequence[Rollout], **options: Any) -> List[float]:
        """One number a rollout, in their order; `options` are keys of the request, such as `credit={"pooling": "min"}`.

        Raises LinchpinError, at the latest after `deadline` seconds.
        """
        return [self.reward(item) for item in self.score(rollouts, **options)]

    async def arewards(self, rollouts: Sequence[Rollout], **options: Any) -> List[float]:
        """`rewards` for an event loop, which goes on meanwhile."""
        return await asyncio.to_thread(self.rewards, rollouts, **options)

    def score(self, rollouts: Sequence[Rollout], **options: Any) -> List[Dict[str, Any]]:
        """The server's whole item for each rollout: `steps`, `trajectory`, `reward`, or an `error`."""
        return self._scored(rollouts, options, self.batch, time.monotonic() + self.deadline)

    def reward(self, item: Dict[str, Any]) -> float:
        """The number of one item of `score`: its advantage where the request says `normalize`, as on every route."""
        error = item.get("error")
        if error is None:
            reward = item.get("advantage", item.get("reward"))
            if isinstance(reward, (int, float)) and math.isfinite(reward):
                return float(reward)
            raise LinchpinError(200, "bad_answer", f"not a reward: {reward!r}")
        if self.unscorable is None:
            raise LinchpinError(422, error["code"], error["message"], error.get("param"))
        return self.unscorable

    def post(self, path: str, body: Any) -> Any:
        """The JSON answer of any route, with the same retries."""
        return self._post(path, body, time.monotonic() + self.deadline)

    def _scored(
        self, rollouts: Sequence[Rollout], options: Dict[str, Any], count: int, until: float
    ) -> List[Dict[str, Any]]:
        items: List[Dict[str, Any]] = [{} for _ in rollouts]
        for places in _batches(rollouts, count):
            part = [rollouts[place] for place in places]
            try:
                data = _items(self._post(REWARDS, {"rollouts": part, **options}, until), len(part))
            except LinchpinError as error:
                # Few enough, but together too many bytes.
                half = (len(part) + 1) // 2
                if error.status != 413 or len(list(_batches(part, half))) == 1:
                    raise
                data = self._scored(part, options, half, until)
            for place, item in zip(places, data):
                items[place] = {**item, "index": place}
        return items

    def _post(self, path: str, body: Any, until: float) -> Any:
        # The same rollout has the same reward each time, so a request whose answer was lost may be sent again.
        content = json.dumps(body, allow_nan=False).encode()
        tries = 0
        while True:
            try:
                return self._once(path, content, max(0.001, min(self.timeout, until - time.monotonic())))
            except LinchpinError as error:
                # Full jitter: the workers of a trainer fail together, and must not come back together.
                pause = error.retry_after + random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries))
                if not error.is_transient or time.monotonic() + pause >= until:
                    raise
                tries += 1
                time.sleep(pause)

    def _once(self, path: str, content: bytes, seconds: float) -> Any:
        connection = self._connection(seconds)
        try:
            connection.request("POST", self._prefix + path + self._query, content, self._headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise LinchpinError(0, "no_answer", str(error) or type(error).__name__) from error
        except BaseException:
            connection.close()
            raise
        # An answer that ends its connection has closed it.
        if connection.sock is not None:
            self._idle.append((os.getpid(), time.monotonic(), connection))
        return _parsed(answer, body)

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        while self._idle:
            try:
                process, since, connection = self._idle.pop()
            except IndexError:
                break
            # A forked process may not write into the connections of its parent.
            if process == os.getpid() and time.monotonic() - since < IDLE_SECONDS:
                connection.sock.settimeout(seconds)
                return connection
            connection.close()
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=seconds)


def rollout(prompt: Union[str, Sequence[Message]], response: Union[str, Sequence[Message]]) -> Rollout:
    """A rollout as trainers hold it, each part a text or a chat list; of a chat, the last turn is what is scored.

    The policy's system turn is left out, as on the server's trainer routes: the reward model has its own. A tool's
    answer stands as the user's words, since reward models know no tools.
    """
    if isinstance(prompt, str) and isinstance(response, str):
        return {"prompt": prompt, "response": response}
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    turns += [{"role": "assistant", "content": response}] if isinstance(response, str) else list(response)
    if not turns:
        return {"prompt": "", "response": ""}
    messages = [
        {"role": "user" if turn["role"] == "tool" else turn["role"], "content": _text(turn.get("content"))}
        for turn in turns[:-1]
        if turn["role"] != "system"
    ]
    return {"messages": messages, "response": _text(turns[-1].get("content"))}


@functools.lru_cache(maxsize=None)
def from_environment(deadline: float = 600.0) -> Client:
    """The client that every plugin here uses: LINCHPIN_URL, _API_KEY, _BATCH, _DEADLINE, _UNSCORABLE; made once."""
    unscorable = os.environ.get("LINCHPIN_UNSCORABLE")
    return Client(
        os.environ.get("LINCHPIN_URL", "http://127.0.0.1:8080"),
        api_key=os.environ.get("LINCHPIN_API_KEY"),
        batch=int(os.environ.get("LINCHPIN_BATCH", "256")),
        deadline=float(os.environ.get("LINCHPIN_DEADLINE", deadline)),
        unscorable=None if unscorable is None else float(unscorable),
    )


def _text(content: Any) -> str:
    if isinstance(content, (list, tuple)):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _batches(rollouts: Sequence[Rollout], count: int) -> Iterator[List[int]]:
    """Places in lists of at most `count`, but for a group that is larger: it is normalised within one request."""
    groups: Dict[Any, List[int]] = {}
    for place, one in enumerate(rollouts):
        group = one.get("group")
        groups.setdefault(place if group is None else ("group", group), []).append(place)
    batch: List[int] = []
    for places in groups.values():
        if batch and len(batch) + len(places) > count:
            yield batch
            batch = []
        batch += places
    if batch:
        yield batch


def _items(answer: Any, count: int) -> List[Dict[str, Any]]:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or [item.get("index") for item in data] != list(range(count)):
        raise LinchpinError(200, "bad_answer", f"not {count} items in their order")
    return data


def _parsed(answer: http.client.HTTPResponse, body: bytes) -> Any:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    # Where no rollout of a request could be scored, the list of their errors has the status of the first.
    is_list = isinstance(value, dict) and value.get("object") == "reward.list"
    if value is not None and (answer.status == 200 or is_list and answer.status not in TRANSIENT):
        return value
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        error = {"code": "bad_answer", "message": body[:200].decode("utf-8", "replace")}
    raise LinchpinError(
        answer.status,
        str(error.get("code")),
        str(error.get("message")),
        error.get("param"),
        _seconds(answer.headers.get("Retry-After")),
    )


def _seconds(retry_after: Optional[str]) -> float:
    # Our server sends seconds; the other form of RFC 9110, a date, comes from a proxy at most.
    return float(retry_after) if retry_after and retry_after.strip().isdecimal() else 0.0
