"""The Kubernetes objects, by the schemas of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import kubernetes_validate
import pytest
import yaml

from tests.deploy.conftest import ROOT

MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))


def manifests() -> Iterator[dict[str, Any]]:
    """Every Kubernetes object of the files."""
    for path in MANIFESTS:
        yield from yaml.safe_load_all(path.read_text())


@pytest.mark.parametrize(
    "manifest", list(manifests()), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}"
)
def test_kubernetes_accepts_the_objects(manifest: dict[str, Any]) -> None:
    """Guards against a field that the cluster drops without a word."""
    assert kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_kubernetes_would_refuse_a_misspelt_field() -> None:
    """Guards against a check that passes everything."""
    (job,) = (one for one in manifests() if one["kind"] == "CronJob")
    job["spec"]["timezone"] = job["spec"].pop("timeZone")

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and specification of every pod that the objects make."""
    for one in manifests():
        spec = one["spec"].get("jobTemplate", one).get("spec", {})
        if "template" in spec:
            yield one["metadata"]["name"], spec["template"]["spec"]


@pytest.mark.parametrize(("name", "pod"), list(pods()))
def test_pods_are_confined(name: str, pod: dict[str, Any]) -> None:
    """Guards against a container of root, or a secret written into a file that is in git."""
    (container,) = pod["containers"]
    secrets = [one for one in container["env"] if one["name"].endswith(("_URL", "_SECRET"))]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    assert secrets
    assert all("secretKeyRef" in one["valueFrom"] for one in secrets), name


def test_the_cron_job_has_a_time_that_every_date_has_once() -> None:
    """Guards against Kubernetes leaving a skipped time out and running a repeated one twice."""
    (job,) = (one["spec"] for one in manifests() if one["kind"] == "CronJob")
    minute, hour = map(int, job["schedule"].split()[:2])
    zone = ZoneInfo(job["timeZone"])
    day = datetime(2026, 1, 1, hour, minute, tzinfo=zone)
    year = [day + timedelta(days=number) for number in range(365)]

    assert job["schedule"].split()[2:] == ["*", "*", "*"]
    assert all(one.utcoffset() == one.replace(fold=1).utcoffset() for one in year)
