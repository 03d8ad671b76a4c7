"""docker-compose.yml, the images' recipe and their tools, held against what services and servers really know."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker.utils.build import exclude_paths  # type: ignore[import-untyped]
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy import passwords
from deploy.local.mongod import Mongod
from deploy.local.plan import ROOT, SERVICES
from deploy.local.ports import free_ports
from deploy.mongo import initiate
from deploy.rabbitmq import definitions
from ticketwire_chassis.settings import ServiceSettings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
RECIPE = (ROOT / "deploy" / "Dockerfile").read_text()
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<word>[^}]*))?\}")
TEXT = json.dumps(PARTS)


@pytest.fixture(scope="module")
def env() -> dict[str, str]:
    """What `deploy/passwords.py` writes."""
    return dict(line.split("=", 1) for line in passwords.complete("").splitlines())


def filled(text: object, env: dict[str, str]) -> str:
    """As compose fills variables in."""

    def value(found: re.Match[str]) -> str:
        return env.get(found["name"]) or (found["word"] if found["how"] == ":-" else "")

    return VARIABLE.sub(value, str(text))


def settings_class(service: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    return found


def known(service: str) -> set[str]:
    fields = settings_class(service).model_fields
    return {f"{prefix}_{field.upper()}" for prefix in (service.upper(), "TICKETWIRE") for field in fields}


def image_environment() -> dict[str, str]:
    block = RECIPE.replace("\\\n", " ")
    (line,) = re.findall(r"^ENV (.*)$", block, re.MULTILINE)
    return dict(word.split("=", 1) for word in line.split())


def settings(service: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The service's settings as it would read them in its container."""
    for name in [name for name in os.environ if name.startswith(("TICKETWIRE_", f"{service.upper()}_"))]:
        monkeypatch.delenv(name)
    for name, value in {**image_environment(), **PARTS[service]["environment"]}.items():
        if name in known(service):
            monkeypatch.setenv(name, filled(value, env))
    return settings_class(service)()


# The services -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_of_a_service_is_one_of_its_settings(service: str) -> None:
    assert set(PARTS[service]["environment"]) - known(service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_its_settings_and_finds_servers_and_health(
    service: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = settings(service, env, monkeypatch)
    mongo = f"mongodb://{service}:{env[f'MONGO_PASSWORD_{service.upper()}']}@mongo:27017/"
    assert read.mongo_url == f"{mongo}?replicaSet={initiate.REPLICA_SET}&authSource=admin"
    broker = f"amqp://{service}:{env[f'BROKER_PASSWORD_{service.upper()}']}@rabbitmq:5672/{definitions.VHOST}"
    assert read.broker_url == broker
    assert read.host == "0.0.0.0"
    assert str(read.port) == image_environment()["TICKETWIRE_PORT"]
    assert len(read.secret.get_secret_value()) >= 32
    assert "/readyz" in RECIPE[RECIPE.index("HEALTHCHECK") :]


def test_the_ports_that_are_published_are_those_that_services_listen_on(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = {
        service: [filled(port, {}).rsplit(":", 2) for port in part["ports"]]
        for service, part in PARTS.items()
        if "ports" in part
    }
    ingest = settings("ingest", env, monkeypatch)
    gateway = settings("gateway", env, monkeypatch)
    assert {service: [int(port[2]) for port in ports] for service, ports in published.items()} == {
        "ingest": [ingest.smtp_port, ingest.port],
        "gateway": [gateway.port],
    }
    assert ingest.smtp_host == "0.0.0.0"
    assert {port[0] for ports in published.values() for port in ports} == {"127.0.0.1"}


def test_mail_goes_to_the_sink_until_a_server_is_set(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings("notify", env, monkeypatch)
    assert read.smtp_host in PARTS
    assert str(read.smtp_port) in PARTS["sink"]["command"]
    own = {"NOTIFY_SMTP_HOST": "mail.example.net", "NOTIFY_SMTP_PORT": "587", "NOTIFY_SMTP_TLS": "starttls"}
    read = settings("notify", {**env, **own}, monkeypatch)
    assert (read.smtp_host, read.smtp_port, read.smtp_tls) == ("mail.example.net", 587, "starttls")


def test_services_can_have_replicas() -> None:
    for service in SERVICES:
        assert "container_name" not in PARTS[service]
        assert "volumes" not in PARTS[service]
        assert PARTS[service]["build"]["args"] == {"SERVICE": service}
    assert [service for service in SERVICES if "ports" in PARTS[service]] == ["ingest", "gateway"]


def test_the_servers_are_of_the_versions_we_say_and_keep_their_data() -> None:
    assert re.fullmatch(r"rabbitmq:4(\.\d+)?", PARTS["rabbitmq"]["image"])
    assert re.fullmatch(r"mongo:[78]\.\d+", PARTS["mongo"]["image"])
    assert PARTS["mongo"]["command"][:3] == ["mongod", "--replSet", initiate.REPLICA_SET]
    volumes = [volume.split(":") for part in PARTS.values() for volume in part.get("volumes", [])]
    named = {source for source, *_ in volumes if not source.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    for source, *_ in volumes:
        assert not source.startswith(".") or (ROOT / source).exists(), source
    assert {"/data/db", "/var/lib/rabbitmq"} <= {target for _, target, *_ in volumes}


def test_whoever_is_waited_for_is_there() -> None:
    for part in PARTS.values():
        for other, condition in part.get("depends_on", {}).items():
            healthy = condition["condition"] == "service_healthy"
            assert "healthcheck" in PARTS[other] if healthy else PARTS[other]["restart"] == "on-failure"


# Secrets ------------------------------------------------------------------------------------------------------


def test_no_secret_has_a_default_and_each_is_made_by_the_command() -> None:
    optional = {"NOTIFY_SMTP_PASSWORD"}  # of the next mail server: whoever needs it has it
    used = [found for found in VARIABLE.finditer(TEXT) if re.search("PASSWORD|SECRET", found["name"])]
    assert {found["name"] for found in used} - optional == set(passwords.NAMES)
    assert [found[0] for found in used if found["how"] == ":-" and found["name"] not in optional] == []
    required = {found["name"] for found in used if found["how"] == ":?"}
    assert required == set(passwords.NAMES)


def test_passwords_are_kept_once_made_and_fit_into_an_address(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("NOTIFY_SMTP_HOST=mail.example.net\nTICKETWIRE_SECRET=\nMONGO_PASSWORD_INGEST=chosen\n")
    command = [sys.executable, str(ROOT / "deploy" / "passwords.py"), str(file)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert file.stat().st_mode & 0o777 == 0o600
    assert lines["NOTIFY_SMTP_HOST"] == "mail.example.net"
    assert lines["MONGO_PASSWORD_INGEST"] == "chosen"
    made = [lines[name] for name in passwords.NAMES if name != "MONGO_PASSWORD_INGEST"]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch("[0-9a-f]{48}", word) for word in made)
    assert f"log in as admin with {lines['TICKETWIRE_ADMIN_PASSWORD']}" in told
    before = file.read_bytes()
    again = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert file.read_bytes() == before
    assert lines["TICKETWIRE_ADMIN_PASSWORD"] not in again


def test_the_brokers_users_are_made_from_what_compose_hands_on(env: dict[str, str]) -> None:
    handed = {name: filled(value, env) for name, value in PARTS["broker-definitions"]["environment"].items()}
    command = [sys.executable, "-m", "deploy.rabbitmq.definitions"]
    done = subprocess.run(command, cwd=ROOT, env=handed, check=True, capture_output=True, text=True)
    made = json.loads(done.stdout)
    assert [user["name"] for user in made["users"]] == ["admin", *SERVICES]
    assert command[1:] == PARTS["broker-definitions"]["command"][2].split(" > ")[0].split()[1:]
    path = "/definitions/definitions.json"
    assert PARTS["broker-definitions"]["command"][2].endswith(path)
    assert f"load_definitions = {path}\n" in (ROOT / "deploy" / "rabbitmq" / "ticketwire.conf").read_text()
    without = {**handed, "BROKER_PASSWORD_NOTIFY": ""}
    refused = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "BROKER_PASSWORD_NOTIFY" in refused.stderr


# MongoDB's initiation -------------------------------------------------------------------------------------------


def begin_as_compose_does(tmp_path: Path, folder: Path) -> str:
    """Runs the container's first lines with ``folder`` for its key; what would be started then."""
    server = tmp_path / "docker-entrypoint.sh"
    server.write_text('#!/bin/sh\necho "$@"\n')
    server.chmod(0o755)
    *shell, script, name = PARTS["mongo"]["entrypoint"]
    script = script.replace("$$", "$").replace("/data/configdb", str(folder))
    environment = {"PATH": f"{tmp_path}:{os.defpath}"}
    command = [*shell, script, name, *PARTS["mongo"]["command"]]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def bare_mongod(tmp_path: Path, env: dict[str, str]) -> Iterator[Mongod]:
    """A mongod as compose starts it: with a key, without a replica set and without users."""
    words = {user: env[initiate.variable(user)] for user in initiate.USERS}
    mongod = Mongod(tmp_path / "mongo", free_ports(1)[0], tmp_path / "mongod.log", words, cache_gb=0.25)
    mongod.folder.mkdir()
    first = begin_as_compose_does(tmp_path, mongod.folder)
    key = (mongod.folder / "keyfile").read_bytes()
    assert begin_as_compose_does(tmp_path, mongod.folder) == first
    assert (mongod.folder / "keyfile").read_bytes() == key
    mongod.start()
    yield mongod
    mongod.stop()


def test_mongod_gets_its_replica_set_and_a_user_per_service_with_a_database_each(
    bare_mongod: Mongod, env: dict[str, str]
) -> None:
    part = PARTS["mongo-init"]
    assert part["network_mode"] == "service:mongo"
    handed = {name: filled(value, env) for name, value in part["environment"].items()}
    address = f"localhost:{bare_mongod.port}"
    command = [sys.executable, *part["command"][1:-1], address]

    def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)

    for _ in range(2):
        done = run(handed)
        assert done.returncode == 0, done.stderr
    options = f"replicaSet={initiate.REPLICA_SET}&authSource=admin&serverSelectionTimeoutMS=10000"
    for service in SERVICES:
        login = f"mongodb://{service}:{handed[initiate.variable(service)]}@{address}/?{options}"
        with MongoClient[dict[str, Any]](login) as client:
            client[f"ticketwire_{service}"]["things"].insert_one({"_id": 1})
            client[initiate.BLOBS]["things"].count_documents({})
            other = "tickets" if service != "tickets" else "gateway"
            with pytest.raises(OperationFailure, match="not authorized"):
                client[f"ticketwire_{other}"]["things"].find_one()
    # A new password reaches a server that knows the old one.
    renewed = {**handed, "MONGO_PASSWORD_NOTIFY": "another"}
    assert run(renewed).returncode == 0
    with MongoClient[dict[str, Any]](f"mongodb://notify:another@{address}/?{options}") as client:
        assert client["ticketwire_notify"]["things"].count_documents({}) == 1
    refused = run({**handed, "MONGO_PASSWORD_ADMIN": ""})
    assert refused.returncode == 1
    assert "MONGO_PASSWORD_ADMIN" in refused.stderr


def test_mongod_is_started_with_the_key_that_was_made(tmp_path: Path) -> None:
    started = begin_as_compose_does(tmp_path, tmp_path)
    assert started.split() == PARTS["mongo"]["command"]
    assert "--keyFile /data/configdb/keyfile" in started
    assert "mongo-key:/data/configdb" in PARTS["mongo"]["volumes"]
    assert (tmp_path / "keyfile").stat().st_mode & 0o777 == 0o400


# The images -----------------------------------------------------------------------------------------------------


def sources(service: str) -> Iterator[tuple[str, str]]:
    """What the recipe copies from the repository, and where to."""
    for source, target in re.findall(r"^COPY (?!--from)(\S+) (\S+)$", RECIPE, re.MULTILINE):
        yield source.replace("${SERVICE}", service), target.replace("${SERVICE}", service)


@pytest.mark.parametrize("service", SERVICES)
def test_all_that_the_recipe_copies_is_there_and_not_ignored(service: str) -> None:
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    sent = set(exclude_paths(str(ROOT), [line for line in patterns if line and not line.startswith("#")]))
    copied = [source for source, _ in sources(service)]
    assert f"requirements/{service}.txt" in copied
    assert f"services/{service}" in copied
    for source in copied:
        wanted = ROOT / source
        assert wanted.exists(), source
        files = [wanted] if wanted.is_file() else [path for path in wanted.rglob("*") if path.is_file()]
        kept = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
        assert kept
        assert kept <= sent
    for secret in (".env", ".git", ".venv", "var", "tests"):
        assert not any(path == secret or path.startswith(f"{secret}/") for path in sent), secret


def test_the_service_in_an_image_is_no_root_and_its_root_is_read_only() -> None:
    last = RECIPE[RECIPE.rindex("\nFROM ") :]
    (user,) = re.findall(r"^USER (\S+)$", last, re.MULTILINE)
    assert user not in ("0", "root")
    assert f"--uid {user} " in last
    for name in (*SERVICES, "sink"):
        assert PARTS[name]["read_only"] is True
        assert PARTS[name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_follows_readyz(status: int, code: int) -> None:
    (words,) = re.findall(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", RECIPE, re.MULTILINE)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Not a word."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {"TICKETWIRE_PORT": str(server.server_port)}
        command = [sys.executable, *json.loads(words)[1:]]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=30)
        server.shutdown()
    assert done.returncode == code


AS_IN_THE_IMAGE = """
import importlib, re, sys
from importlib.metadata import packages_distributions

plain = lambda name: re.sub("[-_.]+", "-", name).lower()
here = {module: {plain(name) for name in names} for module, names in packages_distributions().items()}
locked = set(sys.argv[1:-1])

class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        module = name.partition(".")[0]
        if not module.startswith("ticketwire_") and module in here and not here[module] & locked:
            raise ModuleNotFoundError(f"{module} is in no image", name=name)

sys.meta_path.insert(0, OnlyLocked())
for name in ("ticketwire_chassis.serve", "ticketwire_chassis.cli", "uvloop", "httptools", sys.argv[-1]):
    importlib.import_module(name)
"""
"""Imports a service as if only the packages that are locked for it were installed."""


def image(service: str, app: Path, without: str = "") -> subprocess.CompletedProcess[str]:
    for source, target in sources(service):
        if (ROOT / source).is_dir():
            (app / target).parent.mkdir(parents=True, exist_ok=True)
            (app / target).symlink_to(ROOT / source)
    text = (ROOT / "requirements" / f"{service}.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==", text, re.MULTILINE))
    command = [sys.executable, "-c", AS_IN_THE_IMAGE, *(locked - {without}), f"services.{service}.app"]
    environment = {"TICKETWIRE_SECRET": "x" * 32, "PATH": os.defpath, "PYTHONPATH": str(app)}
    return subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_every_package_that_its_service_imports(service: str, tmp_path: Path) -> None:
    done = image(service, tmp_path / "app")
    assert done.returncode == 0, done.stderr


def test_a_package_that_is_not_locked_would_be_missed(tmp_path: Path) -> None:
    assert "structlog is in no image" in image("tickets", tmp_path / "app", without="structlog").stderr
