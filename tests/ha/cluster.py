"""PostgreSQL as docs/high-availability.md sets it up: etcd, and two nodes that Patroni keeps, by the files of deploy/.

Of the files only paths are put elsewhere, and one etcd node does for three.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.process import ROOT
from tests.ha.network import Machine, network
from tests.postgres_server import PROGRAMS

DEPLOY = ROOT / "deploy" / "patroni"
ADDRESSES = {"etcd": "10.0.0.31", "one": "10.0.0.21", "two": "10.0.0.22", "app1": "10.0.0.11", "app2": "10.0.0.12"}
PASSWORD = "correct-horse"
PATIENCE_S = 120
_IN_MEMORY = Path("/dev/shm")
_USER = "postgres"
"""Whom Debian's unit runs Patroni as."""


@dataclass(slots=True)
class Node:
    """A machine with PostgreSQL and the Patroni that starts and stops it."""

    name: str
    machine: Machine
    folder: Path
    patroni: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def log(self) -> Path:
        """What Patroni and PostgreSQL say."""
        return self.folder / "log"

    def start(self) -> None:
        """Have Patroni begin its work."""
        patroni = (*_AS_POSTGRES, "patroni", self.folder / "config.yml")
        self.patroni = self.machine.start(*patroni, folder=self.folder)

    @property
    def postmaster(self) -> int:
        """The process id of the server."""
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def answers(self, path: str) -> bool:
        """Whether Patroni says yes to a health check: leader, replica, sync."""
        url = f"http://{self.machine.address}:8008/{path}"
        return self.machine.ask("curl", "-so", "/dev/null", "-w", "%{http_code}", "-m", "1", url, check=False) == "200"

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Carry out a statement on this server as its superuser; rows by lines, columns by bars."""
        words = ("psql", "-X", "-q", "-A", "-t", "-h", self.folder, "-d", database, "-c", sql)
        return self.machine.ask(*_AS_POSTGRES, *words).strip()


@dataclass(slots=True)
class Cluster:
    """Both nodes, what they agree by, and the machines of Callgate's servers."""

    machines: Mapping[str, Machine]
    one: Node
    two: Node
    standby: str
    """How Patroni calls the other one: sync, or in a cluster that loses what was committed last, replica."""

    @property
    def nodes(self) -> tuple[Node, Node]:
        """Both."""
        return self.one, self.two

    @property
    def leader(self) -> Node:
        """The one that is written."""
        (leader,) = (node for node in self.nodes if node.answers("leader"))
        return leader

    def other(self, node: Node) -> Node:
        """The one that is not this."""
        return self.two if node is self.one else self.one

    @property
    def url(self) -> str:
        """As `database.url` has it: every node, of which the one that is written is found."""
        hosts = ",".join(node.machine.address for node in self.nodes)
        return f"postgresql://callgate:{PASSWORD}@{hosts}/callgate"

    def whole(self) -> bool:
        """Whether there is a leader, and a standby that has what it is to have."""
        return any(node.answers("leader") and self.other(node).answers(self.standby) for node in self.nodes)

    def switch_over(self) -> None:
        """Have leader and standby change places, in order."""
        leader = self.leader
        words = ("--leader", leader.name, "--candidate", self.other(leader).name, "--force")
        leader.machine.ask(*_AS_POSTGRES, "patronictl", "-c", leader.folder / "config.yml", "switchover", *words)


_AS_POSTGRES = ("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--init-groups", "env", "HOME=/", "LC_ALL=C.UTF-8")


@contextmanager
def running_cluster(**changes: str) -> Iterator[Cluster]:
    """A cluster with an empty database, whole; `changes` are settings of config.yml with other values."""
    memory = str(_IN_MEMORY) if os.access(_IN_MEMORY, os.W_OK) else None
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="callgate-ha-", dir=memory))
        folder.chmod(0o755)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        machines = stack.enter_context(network(ADDRESSES))
        _start_etcd(machines["etcd"], folder / "etcd")
        one, two = (_node(name, machines[name], folder / name, changes) for name in ("one", "two"))
        standby = "replica" if changes.get("synchronous_mode") == "false" else "sync"
        cluster = Cluster(machines, one, two, standby)
        one.start()
        wait_until(lambda: one.answers("leader"), "no leader", one.log)
        two.start()
        wait_until(cluster.whole, "no standby", one.log, two.log)
        one.execute(f"CREATE ROLE callgate LOGIN PASSWORD '{PASSWORD}'")
        one.execute("CREATE DATABASE callgate TEMPLATE template0 ENCODING 'UTF8' OWNER callgate")
        yield cluster


def wait_until(is_so: Callable[[], object], what: str, *logs: Path) -> None:
    """Wait for something that happens without us."""
    until_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until_s, "\n".join((what, *(log.read_text()[-3000:] for log in logs)))
        time.sleep(0.2)


def _start_etcd(machine: Machine, folder: Path) -> None:
    folder.mkdir()
    text = _replaced((DEPLOY / "etcd").read_text(), {r",two=\S+": ""})
    variables = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    machine.start("etcd", folder=folder, environment={**variables, "ETCD_DATA_DIR": str(folder / "data")})


def _node(name: str, machine: Machine, folder: Path, changes: Mapping[str, str]) -> Node:
    assert PROGRAMS is not None
    folder.mkdir()
    shutil.chown(folder, _USER)
    here = {
        r"10\.0\.0\.21": machine.address,
        r"^name: one": f"name: {name}",
        r", 10\.0\.0\.32:2379, 10\.0\.0\.33:2379": "",
        r"data_dir: .*": f"data_dir: {folder}/data",
        r"bin_dir: .*": f"bin_dir: {PROGRAMS}",
        r"pgpass: .*": f"pgpass: {folder}/pgpass",
        r"unix_socket_directories: .*": f"unix_socket_directories: {folder}",
        **{rf"\b{setting}: .*": f"{setting}: {value}" for setting, value in changes.items()},
    }
    (folder / "config.yml").write_text(_replaced((DEPLOY / "config.yml").read_text(), here))
    shutil.chown(folder / "config.yml", _USER)
    (folder / "config.yml").chmod(0o600)
    return Node(name, machine, folder)


def _replaced(text: str, by: Mapping[str, str]) -> str:
    for written, here in by.items():
        text, count = re.subn(written, here, text, flags=re.MULTILINE)
        assert count, written
    return text
