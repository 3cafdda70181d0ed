"""Random scenarios over all settings of the models, small enough to be walked through: for policy Cluster, and for
balancers that pods matter to.
"""

from __future__ import annotations

import random
from typing import ClassVar


def scenario(seed: int) -> str:
    """The text of a scenario that asks for every check; some are refused by the front end."""
    return _Scenario(random.Random(seed)).text()


def balanced(seed: int) -> str:
    """The same for policy Local and for balancers that send to pods, with placement, DaemonSets and health checks."""
    return _Balanced(random.Random(seed)).text()


class _Scenario:
    model = "nodes_cluster"
    replicas: tuple[int, ...] = (1, 1, 2, 3)
    nodes = 1
    probes: ClassVar = {"readiness": 0.5, "liveness": 0.5, "startup": 0.5}

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def balancer(self) -> str:
        return ""

    def more(self, replicas: int) -> list[str]:
        return ["service web { external_traffic_policy = Cluster }"]

    def placed(self) -> list[str]:
        return []

    def text(self) -> str:
        replicas = self.chance.choice(self.replicas)
        blocks = [
            "use kubernetes",
            f"use load_balancers/{self.model}",
            self.block(
                "cluster c",
                f"kubernetes = {self.chance.choice(['v1.24', 'v1.26', 'v1.30', 'v1.34'])}",
                f"nodes = {self.nodes}",
                self.balancer(),
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
                *(self.maybe(share, self.probe(name)) for name, share in self.probes.items()),
                self.maybe(0.7, f"pre_stop = {self.hook()}"),
                self.maybe(0.15, f"post_start = exec({self.window(10)})"),
                self.maybe(0.6, f"termination_grace_period = {self.seconds(1, 90)}"),
                *self.placed(),
            ),
            self.maybe(0.3, self.block("running web", f"pre_stop = {self.hook()}")),
            *self.more(replicas),
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


class _Balanced(_Scenario):
    model = "load_balancer"
    replicas = (1, 1, 2)
    nodes = 2
    probes: ClassVar = {"readiness": 0.8, "liveness": 0.05, "startup": 0.05}  # containers that restart take long

    def balancer(self) -> str:
        low = self.chance.randint(1, 5)
        check = self.block(
            "health_check",
            f"asks_for = {self.chance.choice(['traffic_port', 'ready_pods'])}",
            f"interval = {self.seconds(1, 5)}",
            f"timeout = {self.seconds(1, 5)}",
            f"healthy = {self.chance.randint(1, 3)}",
            f"unhealthy = {self.chance.randint(2, 3)}",
        )
        return self.block(
            "load_balancer",
            self.maybe(0.3, "backends = pods"),
            self.maybe(0.5, "registers = all_nodes"),
            f"starts_sending_within = {low}s..{self.chance.randint(low, 20)}s",
            f"stops_sending_within = {self.window(15)}",
            self.maybe(0.7, check),
            self.maybe(0.2, self.block("backend_label", f"nodes = {self.chance.randint(1, self.nodes)}")),
            self.maybe(0.3, "reconcile = remove_first"),
            self.maybe(0.4, "initial_health = healthy"),
            self.maybe(0.4, "when_none_healthy = all"),
            self.maybe(0.4, f"drain = lasts({self.seconds(1, 60)})"),
            self.maybe(0.2, "node_ports = 50"),
        )

    def placed(self) -> list[str]:
        return [
            self.maybe(0.3, "running_on = 1"),
            self.maybe(0.2, "spread = per_version"),
            self.maybe(0.1, "anti_affinity = required"),
            self.maybe(0.2, "node_affinity = required"),
            self.maybe(0.1, "room { pods = 1 }"),
            self.maybe(0.2, f"readiness_gate = {self.chance.choice(['registered', 'healthy'])}"),
        ]

    def more(self, replicas: int) -> list[str]:
        surge, unavailable = self.chance.choice([(1, 0), (0, 1), (1, 1)])
        per_node = self.block("daemon_set web", f"max_surge = {surge}", f"max_unavailable = {unavailable}")
        policy = self.chance.choice(["Local", "Local", "Local", "Cluster"])
        return [
            self.maybe(0.2, per_node),
            f"service web {{ external_traffic_policy = {policy} }}",
            "verify existing_connections_kept",
            "verify backend_quota",
        ]
