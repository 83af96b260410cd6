"""A load on one address of this machine, light enough to stand beside the server: plain sockets, one thread
a connection, requests made beforehand.

Answers are read whole and their status is counted; of a page that is asked for again and again that is all
there is to know.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

TIMEOUT = 20  # seconds


@dataclass
class Load:
    """What came of it, in seconds: from the first request to the last answer, and of each answer."""

    seconds: float = 0.0
    statuses: Counter = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    length: int = 0  # bytes of one answer's body

    @property
    def a_second(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, percent: float) -> float:
        """In seconds."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def get(path: str, cookie: str = "") -> bytes:
    """A request as a phone's browser sends it."""
    lines = [
        f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/html", "Accept-Language: it",
        "Accept-Encoding: gzip", *([f"Cookie: {cookie}"] if cookie else []), "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def post(path: str, form: bytes, cookie: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/html", "Accept-Language: it",
        "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}",
        f"Cookie: {cookie}", "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + form


def run(port: int, requests: Sequence[bytes], seconds: float, connections: int) -> Load:
    """Ask for the requests in turn over so many connections, without a pause, for so long."""
    load, lock = Load(), threading.Lock()
    began = time.perf_counter()
    end = began + seconds

    def ask(first: int) -> None:
        statuses, times, length, number = Counter(), [], 0, first
        with Connection(port) as connection:
            while (start := time.perf_counter()) < end:
                status, length = connection.ask(requests[number % len(requests)])
                times.append(time.perf_counter() - start)
                statuses[status] += 1
                number += connections
        with lock:
            load.statuses += statuses
            load.times += times
            load.length = length

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    return load


class Connection:
    """One browser's connection, kept open; opened anew where the server closed it."""

    def __init__(self, port: int):
        self.port = port
        self.socket: socket.socket | None = None

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_error) -> None:
        if self.socket:
            self.socket.close()

    def ask(self, request: bytes) -> tuple[int, int]:
        """Status and length of the answer's body. Raises OSError if there is none."""
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)
        answer = b""
        while (head := answer.find(b"\r\n\r\n")) < 0:
            answer += self._receive()
        fields = answer[:head].lower()
        begin = fields.index(b"content-length:") + len(b"content-length:")
        length = int(fields[begin : fields.find(b"\r\n", begin) if b"\r\n" in fields[begin:] else None])
        left = length - (len(answer) - head - 4)
        while left > 0:
            left -= len(self._receive())
        if b"connection: close" in fields:
            self.socket.close()
            self.socket = None
        return int(answer[9:12]), length

    def _receive(self) -> bytes:
        part = self.socket.recv(65536)
        if not part:
            self.socket.close()
            self.socket = None
            raise OSError("the server closed the connection")
        return part
