"""A server that misbehaves as it is told, to see what a client makes of it."""

import json
import socket
import struct
import threading
import time


class Flaky:
    """Speaks as POST /v1/rewards; the n-th request meets the n-th word of the script, and those after it meet `ok`.

    Words: ok, close (an answer, then the connection is closed), STATUS, STATUS/SECONDS of Retry-After, reset, hang-up,
    cut (half an answer), slow (nothing for a second), short (an item too few), nan.
    """

    def __init__(self, script=()):
        self.script, self.lock = list(script), threading.Lock()
        self.requests, self.connections, self.bodies = 0, 0, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            try:
                while self._one(connection, lines):
                    pass
            except OSError:
                pass

    def _one(self, connection, lines):
        """Whether the connection lives on."""
        head = {}
        if not lines.readline():
            return False
        while (line := lines.readline().strip()):
            key, _, value = line.partition(b":")
            head[key.lower()] = value.strip()
        body = json.loads(lines.read(int(head[b"content-length"])))
        with self.lock:
            word = self.script[self.requests] if self.requests < len(self.script) else "ok"
            self.requests += 1
            self.bodies.append(body)
        if word == "hang-up":
            return False
        if word == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if word == "slow":
            time.sleep(1)
        status, _, seconds = word.partition("/") if word[0].isdigit() else ("200", "", "")
        answer = self._answer(word, body) if status == "200" else self._refusal(status)
        fields = f"Retry-After: {seconds}\r\n" if seconds else ""
        fields += "Connection: close\r\n" if word == "close" else ""
        reply = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(answer)}\r\n{fields}\r\n".encode() + answer
        connection.sendall(reply[: len(reply) // 2] if word == "cut" else reply)
        return word not in ("cut", "close")

    @staticmethod
    def _refusal(status):
        error = {"message": "as told", "type": "t", "param": "rollouts[0]", "code": f"told_{status}"}
        return json.dumps({"error": error, "request_id": "r"}).encode()

    @staticmethod
    def _answer(word, body):
        """The reward of a rollout is the number in its prompt; one without steps cannot be scored."""
        data = []
        for index, rollout in enumerate(body["rollouts"]):
            if rollout["response"]:
                reward = float("nan") if word == "nan" else float(rollout["prompt"])
                data.append({"index": index, "object": "reward", "reward": reward})
            else:
                error = {"message": "no steps", "type": "t", "param": f"rollouts[{index}]", "code": "empty_steps"}
                data.append({"index": index, "object": "error", "error": error})
        return json.dumps({"object": "reward.list", "data": data[:-1] if word == "short" else data}).encode()
