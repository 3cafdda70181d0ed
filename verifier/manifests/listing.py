"""What `hitless profiles` says: every platform with what it is for, and the numbers of one with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from verifier.manifests.platforms import Profile, names, profile

_WAYS = (("cluster", "policy Cluster"), ("local", "policy Local"), ("ingress", "Ingress"))


@dataclass(frozen=True, slots=True)
class Listing:
    text: str
    data: list[dict[str, Any]] | dict[str, Any]


def listing() -> Listing:
    """All profiles."""
    known = [profile(name) for name in names()]
    width = max(len(each.name) for each in known)
    lines = [f"{each.name.ljust(width)}   {each.title}" for each in known]
    data = [{"name": each.name, "title": each.title, "ways": _ways(each)} for each in known]
    return Listing("\n".join(lines) + "\n\nhitless profiles show NAME   the numbers of one, with their sources\n", data)


def shown_profile(name: str) -> Listing:
    """One profile. Raises KeyError if there is none of that name."""
    found = profile(name)
    bounds = list(found.bounds())
    lines = [f"{found.name}: {found.title}", ""]
    lines += [f"  {way}: {state}" for way, state in _ways(found).items()]
    if found.facts.get("remark"):
        lines += [f"  {found.facts['remark']}"]
    for bound in bounds:
        typical = f", typically {bound.typical}" if bound.typical else ""
        assumed = "   ASSUMED" if bound.assumed else ""
        lines += ["", f"  {bound.setting} = {bound.value}{typical}{assumed}   ({bound.place})"]
        lines += [f"    {bound.because}"] if bound.because else []
    data = {
        "name": found.name,
        "title": found.title,
        "ways": _ways(found),
        "remark": found.facts.get("remark", ""),
        "bounds": [
            {
                "setting": bound.setting,
                "value": bound.value,
                "typically": bound.typical,
                "assumed": bound.assumed,
                "because": bound.because,
                "place": bound.place,
            }
            for bound in bounds
        ],
    }
    return Listing("\n".join(lines) + "\n", data)


def _ways(of: Profile) -> dict[str, str]:
    """Each way of requests that the platform has, what it sends to, and whether hitless has a model of that."""
    found = {"in the cluster": "modelled" if of.proxied else "not modelled: no kube-proxy"}
    for policy, words in _WAYS:
        way = of.way(policy)
        if way is not None:
            found[words] = f"{way}: {'not modelled yet' if of.missing(policy) else 'modelled'}"
    return found
