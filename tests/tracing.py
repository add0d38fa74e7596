"""Coverage rests while libraries work.

It measures by a function that Python calls for every line, of libraries too: a night took half as long again.
So it rests while SQLMesh and HTTP clients work, and goes on in what they call of ours.
Where Python has something better (`sys.monitoring`, from 3.12), nobody is called and nothing has to rest.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from functools import reduce, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_thread = threading.local()
_replaced: set[tuple[str, str]] = set()


def rest_in_libraries() -> None:
    """Let coverage rest in HTTP clients, and in SQLMesh where this process has imported it."""
    _replace(rest, "httpx", "Client.send")
    for name in ("__init__", "load", "plan", "run_janitor", "test"):
        _replace(rest, "sqlmesh", f"Context.{name}")
    _replace(rest, "sqlmesh.core.scheduler", "Scheduler.run")
    _replace(rest, "pipeline.lineage", "column_dependencies")
    _replace(
        wake,
        "pipeline.build_console",
        "BuildConsole.update_snapshot_evaluation_progress",
        "BuildConsole.log_failed_models",
        "BuildConsole.log_warning",
    )


def rest(function: Callable[P, T]) -> Callable[P, T]:
    """The function, untraced. Coverage sees its call begin and end, and so keeps count of where it is."""

    @wraps(function)
    def resting(*args: P.args, **kwargs: P.kwargs) -> T:
        tracer, before = sys.gettrace(), getattr(_thread, "tracer", None)
        if tracer is None:
            return function(*args, **kwargs)
        _thread.tracer = tracer
        sys.settrace(None)
        try:
            return function(*args, **kwargs)
        finally:
            _thread.tracer = before
            sys.settrace(tracer)

    return resting


def wake(function: Callable[P, T]) -> Callable[P, T]:
    """The function, traced although its caller is not."""

    @wraps(function)
    def waking(*args: P.args, **kwargs: P.kwargs) -> T:
        tracer = getattr(_thread, "tracer", None)
        if tracer is None or sys.gettrace() is not None:
            return function(*args, **kwargs)
        sys.settrace(tracer)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(None)

    return waking


def unmeasured(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment whose processes coverage leaves alone."""
    return {name: value for name, value in environment.items() if not name.startswith("COVERAGE_")}


def _replace(change: Callable[[Callable[..., Any]], Callable[..., Any]], module: str, *names: str) -> None:
    if module not in sys.modules:
        return
    for name in names:
        if (module, name) not in _replaced:
            _replaced.add((module, name))
            *path, last = name.split(".")
            home = reduce(getattr, path, sys.modules[module])
            setattr(home, last, change(getattr(home, last)))
