"""What the suite's routes under /test/ need, whatever the peer: gates, a clock to move, a store that fails."""

import os
import threading
from collections import defaultdict
from datetime import datetime, timedelta, timezone

# How long a request waits at a gate, or for one there.
PATIENCE = 30


class LeftOut(Exception):
    """The peer has no such thing, for this reason."""


class Down(Exception):
    """The store is down, as the suite asked."""


class Rig:
    """Gates, where requests wait, and the state of the store."""

    def __init__(self):
        self.changed = threading.Condition()
        self.held = defaultdict(int)
        self.open = set()
        self.state = "up"
        self.calls = {"get": 0, "put": 0, "touch": 0}

    def called(self, verb):
        """Counts a call of the store, and lets it fail or wait as the store's state says."""
        with self.changed:
            self.calls[verb] += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.state != "slow", PATIENCE)
            if self.state == "down":
                raise Down("the store is down")

    def set_store(self, state):
        with self.changed:
            self.state = state
            self.changed.notify_all()

    def pass_gate(self, name):
        with self.changed:
            self.held[name] += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: name in self.open, PATIENCE)

    def open_gate(self, name):
        with self.changed:
            self.open.add(name)
            self.changed.notify_all()

    def await_held(self, name, requests):
        with self.changed:
            return self.changed.wait_for(lambda: self.held[name] >= requests, PATIENCE)

    def advance(self, by_ms):
        """Moves the time of this process on: libfaketime reads the file at every look at the clock."""
        path = os.environ.get("PEER_CLOCK")
        if not path:
            raise LeftOut("its clock is the system's, and libfaketime is not there to move it")
        moved = datetime.now(timezone.utc) + timedelta(milliseconds=by_ms)
        with open(path + ".new", "w") as file:
            file.write(f"{moved:%F %T}\n")
        os.replace(path + ".new", path)
