"""Where each setting came from: environment, .env or default; secrets never leave this module."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from types import UnionType
from typing import get_args

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.settings import PREFIX
from pipeline.settings import Settings, read_settings

HIDDEN = "(hidden)"
UNSET = "(not set)"


@dataclass(frozen=True)
class Explained:
    """One setting in words; `source` is `environment`, `.env` or `default`."""

    variable: str
    value: str
    source: str
    default: str
    description: str


def explain() -> list[Explained]:
    """Every setting of this process, in the order of their definition."""
    settings = read_settings()
    sources = {"environment": _names(os.environ), ".env": _names(dotenv_values(".env"))}
    return [_explain(name, field, settings, sources) for name, field in Settings.model_fields.items()]


def _explain(name: str, field: FieldInfo, settings: Settings, sources: dict[str, set[str]]) -> Explained:
    variable = f"{PREFIX}{name.upper()}"
    return Explained(
        variable=variable,
        value=_shown(getattr(settings, name), is_secret=_is_secret(field)),
        source=next((source for source, names in sources.items() if variable in names), "default"),
        default=_shown(field.default, is_secret=False),
        description=field.description or "",
    )


def _names(values: Iterable[str]) -> set[str]:
    """Names of variables, in capitals: they may be written in any case."""
    return {name.upper() for name in values}


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in get_args(field.annotation) if isinstance(field.annotation, UnionType) else False


def _shown(value: object, *, is_secret: bool) -> str:
    if value in (None, ()):
        return UNSET
    return HIDDEN if is_secret else str(value)
