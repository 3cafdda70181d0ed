"""What a view's copy holds: machines, each with the views through which it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from verifier.system.ir import System, View

# The views through which a machine is read, outermost first, then the machine; alone: the machine itself.
Path: TypeAlias = tuple[str, ...]


def copies(system: System, view: View) -> Iterator[Path]:
    """What a copy of `view` holds. The source of a part of it has the same path without its first name."""
    for source in view.sources:
        if source in system.view:
            yield from ((view.name, *rest) for rest in copies(system, system.view[source]))
        else:
            yield (view.name, source)


def paths(system: System) -> list[Path]:
    """Every machine, then every part of every copy."""
    return [(m.name,) for m in system.machines] + [path for view in system.views for path in copies(system, view)]
