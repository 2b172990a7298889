"""compose.yaml, Dockerfile and .env.example: official images, this machine only, no secret, limits on all."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.needs import unavailable
from vigie.routine import Daemon
from vigie.watch import load_watch

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
ONE_SHOT = {"certificates", "accounts", "vigie"}
services = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def defaults() -> dict[str, str]:
    """The variables that compose.yaml takes from .env, with their defaults ("" where one must be set)."""
    found = {}
    for name, default in re.findall(r"(?<!\$)\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", TEXT):
        assert found.setdefault(name, default) == default, f"{name} has two defaults"
    return found


def test_images_are_official_and_of_one_version() -> None:
    images = {name: service["image"] for name, service in SERVICES.items()}
    version = "${STACK_VERSION:-8.19.21}"
    search = f"docker.elastic.co/elasticsearch/elasticsearch:{version}"
    assert images == {
        "certificates": search, "elasticsearch": search, "accounts": search,
        "kibana": f"docker.elastic.co/kibana/kibana:{version}", "postgres": "postgres:17", "vigie": "vigie:0.1.0", "daemon": "vigie:0.1.0",
    }  # fmt: skip
    assert [name for name, service in SERVICES.items() if "build" in service] == ["daemon", "vigie"]


@services
def test_ports_are_open_to_this_machine_only(service: dict[str, Any]) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert service.get("network_mode") != "host"
    assert not service.get("privileged")


@services
def test_memory_is_limited(service: dict[str, Any]) -> None:
    assert service["mem_limit"]


def test_what_runs_on_is_watched_and_what_depends_waits() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == ONE_SHOT
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            done = name in ONE_SHOT
            assert how["condition"] == ("service_completed_successfully" if done else "service_healthy")


def test_volumes_are_named_and_only_certificates_hold_the_keys() -> None:
    used = {
        name: [volume.split(":") for volume in service.get("volumes", ()) if not volume.startswith("./")]
        for name, service in SERVICES.items()
    }
    assert {volume[0] for volumes in used.values() for volume in volumes} == set(COMPOSE["volumes"])
    assert {name for name, volumes in used.items() if any(volume[0] == "certificates" for volume in volumes)} == {
        "certificates", "elasticsearch",
    }  # fmt: skip
    for name, volumes in used.items():
        if name != "certificates":
            assert all(volume[2:] == ["ro"] for volume in volumes if volume[0] in ("ca", "certificates"))


@pytest.mark.parametrize("name", ["certificates", "accounts"])
def test_scripts_are_valid_bash(name: str) -> None:
    script = SERVICES[name]["command"][0].replace("$$", "$")
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not re.search(r"(?<!\$)\$(?!\$)", SERVICES[name]["command"][0]), "compose would fill this in itself: write $$"


def test_no_secret_is_written_down() -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|ENCRYPTIONKEY|ENCRYPTION_KEY|API_KEY|ACCESS_KEY|VIGIE_ARCHIVE")
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name) and value is not None:  # None is passed on as it is, where it is set
                assert re.search(rf"\$\{{\w+:\?set it in \.env\}}|^\$\{{{name}:-\}}$", value), name
    assert {name for name, value in EXAMPLE.items() if secret.search(name)} == {
        name for name, value in EXAMPLE.items() if not value
    }
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_example_has_every_variable_with_its_default() -> None:
    assert defaults() == EXAMPLE
    assert load_watch(ROOT / "watches" / EXAMPLE["WATCH"]).name == "deepseek"


def test_elasticsearch_is_secured_and_vigie_trusts_its_authority() -> None:
    elasticsearch = SERVICES["elasticsearch"]
    assert elasticsearch["environment"]["xpack.security.enabled"] == "true"
    assert elasticsearch["environment"]["xpack.security.http.ssl.enabled"] == "true"
    assert elasticsearch["ulimits"]["memlock"] == {"soft": -1, "hard": -1}
    vigie = SERVICES["vigie"]
    assert vigie["environment"]["VIGIE_INDEX"] == "https://elasticsearch:9200/vigie"
    assert vigie["environment"]["VIGIE_INDEX_CA"] == "/ca/ca.crt"
    assert vigie["environment"]["VIGIE_ARCHIVE"].startswith("postgresql://vigie:")
    assert SERVICES["kibana"]["environment"]["ELASTICSEARCH_HOSTS"] == "https://elasticsearch:9200"
    assert not re.search(r"insecure|verification_mode: none|ssl\.enabled: \"false\"", TEXT)


def test_vigie_is_installed_from_the_lock_and_is_not_root() -> None:
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["python:3.11-slim", "python:3.11-slim"]
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert "\nUSER vigie\n" in last
    assert DOCKERFILE.endswith('ENTRYPOINT ["vigie"]\n')


@pytest.mark.parametrize("name", ["daemon", "vigie"])
def test_vigie_writes_to_its_data_only(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["init"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == ["vigie:/data"]
    assert "XDG_CACHE_HOME=/tmp/cache" in DOCKERFILE


def test_the_daemon_is_given_time_to_end_and_its_health_is_asked_for() -> None:
    daemon = SERVICES["daemon"]
    assert daemon["command"] == ["daemon"]
    assert daemon["stop_grace_period"] == "35s"
    assert Daemon().health in daemon["healthcheck"]["test"][-1]
    assert daemon["ports"] == ["127.0.0.1:${HEALTH_PORT:-8650}:8650"]


@pytest.mark.parametrize("name", ["daemon", "vigie"])
def test_vigie_is_given_what_the_documents_say_it_takes(name: str) -> None:
    commands = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    needed = {"VIGIE_MAIL_PASSWORD", "VIGIE_WEBHOOK_SECRET", *re.findall(r"AWS_[A-Z_]+", commands)}
    assert needed <= SERVICES[name]["environment"].keys()
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [variable for variable in needed if f"{variable}=" not in text] == []


def test_a_step_is_ended_by_vigie_before_the_kernel_kills_it() -> None:
    unit = (ROOT / "deploy" / "vigie.service").read_text(encoding="utf-8")
    limits = [*(re.findall(r"^MemoryMax=(\d+)G$", unit, re.MULTILINE)), defaults()["VIGIE_MEMORY"].removesuffix("g")]
    assert len(limits) == 2
    assert all(int(limit) * 1024 > Daemon().step_memory_mb for limit in limits)


def test_the_unit_of_systemd_is_hardened(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        unavailable("systemd", "no systemd-analyze here")
    # The program need not be installed where this runs.
    unit = tmp_path / "vigie.service"
    unit.write_text((ROOT / "deploy" / "vigie.service").read_text(encoding="utf-8").replace("/opt/vigie/bin/vigie", "/bin/true"))
    verified = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    told = subprocess.run([analyze, "security", "--offline=true", str(unit)], capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for vigie.service: (\d+\.\d)", told.stdout)
    assert exposure, told.stdout + told.stderr
    assert float(exposure[1]) <= 1.5


def test_the_image_holds_every_room_that_the_wheel_holds() -> None:
    wheel = re.search(r"^packages = \[(.+)\]$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert wheel
    rooms = re.findall(r'"(\w+)"', wheel[1])
    assert [name for name in rooms if f"COPY {name} {name}\n" not in DOCKERFILE] == []
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [name for name in rooms if f"!{name}" not in let_in] == []
