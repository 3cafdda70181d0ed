"""Small manifests to be changed, and what is made of them."""

from __future__ import annotations

from pathlib import Path

from verifier.manifests.load import Ask, Manifests, load

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      terminationGracePeriodSeconds: 60
      containers:
      - name: web
        image: example.org/web:1
        ports:
        - name: http
          containerPort: 8080
        readinessProbe:
          httpGet:
            path: /ready
            port: http
          periodSeconds: 5
        lifecycle:
          preStop:
            sleep:
              seconds: 20
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
  - port: 80
    targetPort: http
"""
WEB = f"{DEPLOYMENT}---\n{SERVICE}"
BUDGET = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: web
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """`text` with each replacement done; each must have exactly one place."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text


def loaded(folder: Path, text: str, **ask: str) -> Manifests:
    path = folder / "web.yaml"
    path.write_text(text, "utf-8")
    return load(Ask((str(path),), **ask))  # type: ignore[arg-type]


def codes(manifests: Manifests) -> list[tuple[str, int]]:
    """(code, line) of every mistake and warning."""
    return [(d.code, d.span.line) for d in (*manifests.errors, *manifests.warnings)]


NUMBER = changed(SERVICE, ("targetPort: http", "targetPort: 8080"))
