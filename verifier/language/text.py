"""Values as text (`30s`, `0s..8s`, `25%`, `v1.24`), and text as durations and versions."""

from __future__ import annotations

import re

from verifier.language.program import Choice, Duration, Percent, Value, Version, Window

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z_]+)")
_DURATION_MS_MAX = 1000 * 365 * 24 * 3_600_000


def duration_text(ms: int) -> str:
    """The shortest exact form: `30s`, `1.5s`, `200ms`, `2m`."""
    if ms == 0:
        return "0s"
    sign, rest = ("-", -ms) if ms < 0 else ("", ms)
    if rest % 60_000 == 0 and rest >= 120_000:
        return f"{sign}{rest // 60_000}m"
    return f"{sign}{rest}ms" if rest < 1000 else f"{sign}{rest // 1000}{f'.{rest % 1000:03}'.rstrip('0').rstrip('.')}s"


def window_text(window: Window) -> str:
    return f"{duration_text(window.lo_ms)}..{'' if window.hi_ms is None else duration_text(window.hi_ms)}"


def value_text(value: Value) -> str:
    """A value as one would write it in a scenario."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case Duration(ms):
            return duration_text(ms)
        case Window():
            return window_text(value)
        case Percent(number):
            return f"{number}%"
        case Version(major, minor):
            return f"v{major}.{minor}"
        case Choice(name, time):
            if time == Window(0, 0):
                return name
            inside = duration_text(time.lo_ms) if time.lo_ms == time.hi_ms else window_text(time)
            return f"{name}({inside})"


def read_duration(text: str) -> int | str:
    """Milliseconds of `30s`, `1m30s`, `0.5s`; or what is wrong with it."""
    negative, rest = text.startswith("-"), text.lstrip("-")
    total, position = 0.0, 0
    for piece in _PIECE.finditer(rest):
        if piece.start() != position:
            break
        number, unit = piece.groups()
        if unit not in UNITS:
            return f"`{unit}` is no unit of time"
        total += float(number[:15]) * UNITS[unit]
        position = piece.end()
    if position != len(rest):
        return f"`{rest}` is no duration"
    if total > _DURATION_MS_MAX:
        return f"`{rest}` is longer than a thousand years"
    if total != int(total):
        return f"`{rest}` is finer than a millisecond"
    return -int(total) if negative else int(total)


def read_version(text: str) -> Version | None:
    """`v1.24`; None for anything finer or else."""
    match = re.fullmatch(r"v(\d{1,6})\.(\d{1,6})", text)
    return Version(int(match[1]), int(match[2])) if match else None
