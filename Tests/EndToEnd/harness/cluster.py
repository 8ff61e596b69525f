"""Several gateways that find each other by gossip."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from .gateway import Gateway
from .ports import free_port
from .secrets import fresh
from .waiting import until


class Cluster:
    """`count` gateways of one configuration, each with the first as its seed. They are ready when all know each other."""

    def __init__(self, folder, configuration: dict, count: int, **gossip):
        self.folder, self.configuration, self.gossip = Path(folder), configuration, gossip
        self.key = fresh() + fresh()
        self.ports = [free_port() for _ in range(count)]
        self.gateways = [self.make(index) for index in range(count)]
        self._stack = ExitStack()

    def settings(self, index: int, **changed) -> dict:
        """The configuration of one gateway."""
        seeds = [f"127.0.0.1:{self.ports[0]}"] + [f"127.0.0.1:{port}" for port in self.ports[1:2]]
        gossip = {"address": f"127.0.0.1:{self.ports[index]}", "key": self.key, "seeds": seeds, **self.gossip, **changed}
        return {**self.configuration, "state": {"gossip": gossip}}

    def make(self, index: int) -> Gateway:
        return Gateway(self.folder / f"gateway-{index}", self.settings(index))

    def __enter__(self):
        with ExitStack() as stack:
            for gateway in self.gateways:
                gateway.launch()
                stack.callback(gateway.stop)
            for gateway in self.gateways:
                gateway.wait_ready()
            self.wait(range(len(self.gateways)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._stack.__exit__(*error)

    def members(self, index: int) -> list[tuple[str, str]]:
        """What one gateway says of the others: addresses and how they are. One address may be that of several processes, of which one lives."""
        return [(member["address"], member["status"]) for member in self.gateways[index].status()["gossip"]["members"]]

    def alive(self, index: int) -> set[str]:
        return {address for address, status in self.members(index) if status == "alive"}

    def wait(self, indices, seconds: float = 30):
        """Until these know each other, and nobody else."""
        indices = list(indices)
        all_of_them = {f"127.0.0.1:{self.ports[i]}" for i in indices}
        for i in indices:
            until(lambda i=i: self.alive(i) == all_of_them - {f"127.0.0.1:{self.ports[i]}"}, seconds, f"gateway {i} knows the others", interval=0.1)
