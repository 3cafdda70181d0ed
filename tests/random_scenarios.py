"""Random scenarios over all settings of the models for Cluster mode, small enough to be walked through."""

from __future__ import annotations

import random


def scenario(seed: int) -> str:
    """The text of a scenario that asks for every check; some are refused by the front end."""
    return _Scenario(random.Random(seed)).text()


class _Scenario:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def text(self) -> str:
        replicas = self.chance.choice([1, 1, 2, 3])
        blocks = [
            "use kubernetes",
            "use load_balancers/nodes_cluster",
            self.block(
                "cluster c",
                f"kubernetes = {self.chance.choice(['v1.24', 'v1.26', 'v1.30', 'v1.34'])}",
                "nodes = 1",
                self.maybe(0.7, f"endpoint_slice {{ written_within = {self.window(5)} }}"),
                self.maybe(0.7, f"kube_proxy {{ rules_within = {self.window(15)} }}"),
            ),
            self.block(
                "app web",
                f"startup_time = {self.window(60)}",
                f"on_sigterm = {self.chance.choice(['exits', 'drains', 'ignores', f'serves({self.seconds(1, 30)})'])}",
                f"longest_request = {self.seconds(1, 40)}",
                self.maybe(0.2, "has_shell = no"),
                self.maybe(0.3, f"close_listener = {self.window(5)}"),
            ),
            self.block(
                "deployment web",
                f"replicas = {replicas}",
                self.maybe(0.15, "strategy = Recreate"),
                self.maybe(0.8, f"max_surge = {self.chance.choice(['0%', '25%', '100%', '1', '2'])}"),
                self.maybe(0.8, f"max_unavailable = {self.chance.choice(['0%', '25%', '50%', '100%', '1'])}"),
                self.maybe(0.3, f"min_ready = {self.seconds(0, 15)}"),
                *(self.maybe(0.5, self.probe(name)) for name in ("readiness", "liveness", "startup")),
                self.maybe(0.7, f"pre_stop = {self.hook()}"),
                self.maybe(0.15, f"post_start = exec({self.window(10)})"),
                self.maybe(0.6, f"termination_grace_period = {self.seconds(1, 90)}"),
            ),
            self.maybe(0.3, self.block("running web", f"pre_stop = {self.hook()}")),
            "service web { external_traffic_policy = Cluster }",
            "verify no_lost_request",
            "verify no_interrupted_request",
            f"verify capacity >= {self.chance.randint(1, replicas)}",
        ]
        return "\n".join(block for block in blocks if block) + "\n"

    def block(self, name: str, *entries: str) -> str:
        return f"{name} {{ {'; '.join(entry for entry in entries if entry)} }}"

    def maybe(self, share: float, text: str) -> str:
        return text if self.chance.random() < share else ""

    def seconds(self, least: int, most: int) -> str:
        return f"{self.chance.randint(least, most)}s"

    def window(self, most: int) -> str:
        low = self.chance.randint(0, most)
        return f"{low}s..{self.chance.randint(low, most)}s"

    def hook(self) -> str:
        window = self.window(40)
        return self.chance.choice(["none", f"sleep({self.seconds(1, 40)})", f"exec({window})", f"http({window})"])

    def probe(self, name: str) -> str:
        return self.block(
            f"{name}_probe",
            self.maybe(0.6, f"initial_delay = {self.seconds(0, 30)}"),
            self.maybe(0.6, f"period = {self.seconds(1, 20)}"),
            self.maybe(0.5, f"failure_threshold = {self.chance.randint(1, 4)}"),
            self.maybe(0.2, "port = other"),
        )
