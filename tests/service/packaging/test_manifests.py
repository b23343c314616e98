"""bentofiles, compose file and Kubernetes manifest say what the project says elsewhere."""

import re
import tomllib
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("bentoml")
ROOT = Path(__file__).parents[3]


def load(name):
    return list(yaml.safe_load_all((ROOT / name).read_text()))


@pytest.fixture(scope="module")
def container():
    return {item["kind"]: item for item in load("deploy/kubernetes.yaml")}["Deployment"]["spec"]["template"][
        "spec"
    ]


def plain(requirement):
    return re.match(r"[A-Za-z0-9_-]+", requirement).group().lower().replace("_", "-")


@pytest.mark.parametrize(
    ("bentofile", "extras"),
    [("bentofile.yaml", ["service"]), ("deploy/bentofile-gpu.yaml", ["service", "torch"])],
)
def test_a_bento_has_the_projects_dependencies_at_the_tested_versions(bentofile, extras):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    wanted = {
        plain(item)
        for item in [*project["dependencies"], *(one for extra in extras for one in optional[extra])]
    }
    pins = dict(item.split("==") for item in load(bentofile)[0]["python"]["packages"])
    assert {plain(name) for name in pins} == wanted
    tested = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line and line[0] != "#"
    )
    tested = {plain(name): version.strip() for name, version in tested.items()}
    makefile = re.search(r"torch==([\d.]+)", (ROOT / "Makefile").read_text()).group(1)
    for name, version in pins.items():
        known = makefile if name == "torch" else tested.get(plain(name), version)
        assert version == known, name


def test_the_gpu_variant_differs_only_where_torch_and_a_gpu_need_it():
    cpu, gpu = load("bentofile.yaml")[0], load("deploy/bentofile-gpu.yaml")[0]
    assert set(cpu["python"].pop("packages")) < set(gpu["python"].pop("packages"))
    assert (cpu.pop("name"), gpu.pop("name")) == ("scopesift", "scopesift-gpu")
    both, more = cpu.pop("envs"), gpu.pop("envs")
    assert more[: len(both)] == both
    assert cpu == gpu


def test_compose_gives_a_read_only_container_without_rights_on_loopback():
    service = load("deploy/compose.yaml")[0]["services"]["scopesift"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"] == "1034:1034"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    places = [mount.split(":")[0] for mount in service["tmpfs"]] + [
        mount.split(":")[1] for mount in service["volumes"]
    ]
    assert {"/tmp", service["environment"]["SCOPESIFT_STATE"]} == set(places)


def test_variables_in_the_manifests_are_settings_of_the_service(container):
    from scopesift_service.settings import ServiceSettings

    service = load("deploy/compose.yaml")[0]["services"]["scopesift"]
    names = [*service["environment"], *(item["name"] for item in container["containers"][0]["env"])]
    for name in names:
        assert name.removeprefix("SCOPESIFT_").lower() in ServiceSettings.__dataclass_fields__, name


def test_the_pod_runs_without_root_and_writes_only_to_its_volumes(container):
    assert container["securityContext"]["runAsNonRoot"] is True
    (one,) = container["containers"]
    assert one["securityContext"]["readOnlyRootFilesystem"] is True
    assert one["securityContext"]["allowPrivilegeEscalation"] is False
    assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {mount["mountPath"] for mount in one["volumeMounts"]} == {"/tmp", "/state"}
    assert {mount["name"] for mount in one["volumeMounts"]} == {
        volume["name"] for volume in container["volumes"]
    }
    assert {"requests", "limits"} <= one["resources"].keys()


def test_the_probes_ask_routes_that_exist_and_a_stop_outlasts_the_longest_answer(container):
    from scopesift_service.settings import ServiceSettings

    (one,) = container["containers"]
    asked = {one[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert asked == {"/readyz", "/livez"}
    assert one["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["terminationGracePeriodSeconds"] > ServiceSettings().timeout + 5
    grace = load("deploy/compose.yaml")[0]["services"]["scopesift"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > ServiceSettings().timeout


def test_the_autoscaler_reads_a_metric_that_the_service_has():
    from scopesift_service import metrics

    hpa = {item["kind"]: item for item in load("deploy/kubernetes.yaml")}["HorizontalPodAutoscaler"]
    name = hpa["spec"]["metrics"][0]["pods"]["metric"]["name"].removesuffix("_mean")
    text, _ = metrics.exposition()
    assert f"# TYPE {name} histogram" in (text.decode() if isinstance(text, bytes) else text)
    assert f"{name}_sum" in (ROOT / "deploy/README.md").read_text()
