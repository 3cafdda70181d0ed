"""`dataclass`, as in the standard library, made in a fifth of the time: there are more than a hundred in every run.

The standard one compiles half a dozen methods for each class (until Python 3.13, one after the other). Here only
`__init__` is compiled, and the others are closures over what reads all fields at once. What the classes mean is the
same: `fields`, `replace`, `asdict` and `match` work on them, and for mypy they are the standard library's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, order=False):
        if cls is None:
            return lambda made: dataclass(made, frozen=frozen, slots=slots, eq=eq, order=order)
        if order:
            return dataclasses.dataclass(cls, frozen=frozen, slots=slots, eq=eq, order=True)
        cls.__doc__ = cls.__doc__ or cls.__name__  # else the standard library derives a signature from `__init__`
        cls = dataclasses.dataclass(cls, init=False, repr=False, eq=False, slots=slots)
        for name, method in _methods(cls, frozen, eq).items():
            if name not in cls.__dict__ or (name == "__hash__" and cls.__dict__[name] is None):
                setattr(cls, name, method)
        return cls


def _methods(cls: type, frozen: bool, eq: bool) -> dict[str, Any]:
    fields = dataclasses.fields(cls)
    names = [field.name for field in fields]
    found: dict[str, Any] = {"__init__": _init(cls, fields, frozen), "__repr__": _repr(names)}
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda self: ()

    def equal(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    if eq:
        found["__eq__"] = equal
        found["__hash__"] = (lambda self: hash(values(self))) if frozen else None
    if frozen:
        found |= {"__setattr__": _refused, "__delattr__": _refused, "__reduce__": _reduced}
    return found


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...], frozen: bool) -> Any:
    """The one method that is compiled. Defaults are the values themselves; a factory is called if nothing is given."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_absent": MISSING}
    arguments, lines = ["self"], []
    for field in fields:
        name, value = field.name, field.name
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            arguments.append(f"{name}=_default_{name}")
        elif field.default_factory is not MISSING:
            known[f"_default_{name}"] = field.default_factory
            arguments.append(f"{name}=_absent")
            value = f"_default_{name}() if {name} is _absent else {name}"
        else:
            arguments.append(name)
        lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    exec(f"def __init__({', '.join(arguments)}):\n " + "\n ".join(lines or ["pass"]), known)
    made = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr(names: list[str]) -> Any:
    @recursive_repr()
    def shown(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return shown


def _refused(self: Any, name: str, *_: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot change field {name!r}")


def _reduced(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))
