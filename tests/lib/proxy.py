"""A TCP proxy on the loopback that a test can cut, stall and slow: the network between a server
and its broker."""

import selectors
import socket
import threading
import time

_CHUNK_BYTES = 1 << 16
_LOOK_S = 0.02


class Proxy:
    """Listens from the beginning; `target` may be set later. A thread of its own moves the bytes.

    It is in one of these moods: "open"; "cut" (every connection is dropped, a new one at once);
    "stalled" (connections live, nothing moves); "slow" (at most `bytes_per_second` in all).
    """

    def __init__(self, target=None):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.setblocking(False)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._mood = "open"
        self._bytes_per_second = 0
        self._allowed = 0.0  # bytes that may still move while slow
        self._at = time.monotonic()
        self._stopped = False
        self._peers = {}  # socket: the other end's socket
        self._pending = {}  # socket: bytes that it could not take yet
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stopped = True
        self._thread.join()

    def open(self):
        self._set("open")

    def cut(self):
        self._set("cut")

    def stall(self):
        self._set("stalled")

    def slow(self, bytes_per_second):
        self._set("slow", bytes_per_second)

    def _set(self, mood, bytes_per_second=0):
        with self._lock:
            self._mood, self._bytes_per_second = mood, bytes_per_second

    def _run(self):
        while not self._stopped:
            with self._lock:
                mood, speed = self._mood, self._bytes_per_second
            self._allow(mood, speed)
            if mood == "cut":
                for one in list(self._peers):
                    self._drop(one)
            if mood == "stalled" or (mood == "slow" and self._allowed <= 0):
                time.sleep(_LOOK_S)
                continue
            for key, events in self._selector.select(_LOOK_S):
                self._serve(key.fileobj, events, mood)
        for one in list(self._peers):
            self._drop(one)
        self._listener.close()
        self._selector.close()

    def _allow(self, mood, speed):
        now = time.monotonic()
        if mood == "slow":
            self._allowed = min(self._allowed + (now - self._at) * speed, speed * 0.1)
        self._at = now

    def _serve(self, one, events, mood):
        if one is self._listener:
            self._accept(mood)
        elif one in self._peers and events & selectors.EVENT_WRITE:
            self._send(one, b"")
        elif one in self._peers:
            self._receive(one, mood)

    def _accept(self, mood):
        client, _ = self._listener.accept()
        try:
            if mood == "cut" or self.target is None:
                raise OSError("cut")
            host, port = self.target.split(":")
            broker = socket.create_connection((host, int(port)), timeout=1)
        except OSError:
            client.close()
            return
        for one, other in ((client, broker), (broker, client)):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _receive(self, one, mood):
        try:
            data = one.recv(_CHUNK_BYTES if mood != "slow" else max(1, min(4096,
                                                                          int(self._allowed))))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(one)
            return
        self._allowed -= len(data)
        self._send(self._peers[one], data)

    def _send(self, one, data):
        """Sends what waits and `data`; while the rest waits, the other end is not read."""
        data = self._pending.pop(one, b"") + data
        try:
            data = data[one.send(data):]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(one)
            return
        other = self._peers[one]
        if data:
            self._pending[one] = data
        self._selector.modify(one, selectors.EVENT_WRITE if data else selectors.EVENT_READ)
        self._listen_to(other, not data)

    def _listen_to(self, one, wanted):
        if one in self._pending:
            return  # it waits to be written to
        known = one in self._selector.get_map()
        if wanted and not known:
            self._selector.register(one, selectors.EVENT_READ)
        elif not wanted and known:
            self._selector.unregister(one)

    def _drop(self, one):
        """Closes both ends, unless that has been done."""
        other = self._peers.get(one)
        if other is None:
            return
        for end in (one, other):
            del self._peers[end]
            self._pending.pop(end, None)
            if end in self._selector.get_map():
                self._selector.unregister(end)
            end.close()
