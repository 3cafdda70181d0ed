"""What the instances of templates are called, and what the names in a template are for one of them."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.language.program import MachineTemplate, Span
from verifier.resources import shown
from verifier.system import ir
from verifier.system.values import Env, Member, Reads


def instance_name(family: str, members: Iterable[Member]) -> str:
    inside = ", ".join(member.name for member in members)
    return f"{family}[{inside}]" if inside else family


def state_name(family: str, args: Iterable[int | Member]) -> str:
    inside = ", ".join(a.name if isinstance(a, Member) else str(a) for a in args)
    return f"{family}({inside})" if inside else family


def bound(template: MachineTemplate, members: tuple[Member, ...]) -> Env:
    """The parameters of a template for these members."""
    return dict(zip((p.name for p in template.parameters), members, strict=True))


def member(env: Env, name: str) -> Member:
    found = env[name]
    assert isinstance(found, Member)
    return found


def filled(text: str, env: Env) -> str:
    """A text of the models with the names of its members filled in."""
    return text.format_map({k: v.name if isinstance(v, Member) else str(v) for k, v in env.items()})


def origin(span: Span) -> str:
    return f"{shown(span.file)}:{span.line}"


def rests_on(reads: Reads) -> tuple[str, ...]:
    """The settings that were read."""
    return tuple(path if cls is None else f"{path}[{cls}]" for path, cls in reads.settings)


def observer(
    name: str, when: ir.Expr, lo: int, hi: int | None, origin: str, rests_on: tuple[str, ...]
) -> tuple[ir.Machine, ir.Step]:
    """A machine that nobody reads but who made it: `yes` once `when` has held for so long."""
    machine = ir.Machine(name, ("no", "yes"), "no")
    return machine, ir.Step(f"{name}: no -> yes", name, "no", "yes", when, lo, hi, origin, rests_on, name)
