"""A network of its own: a switch, and machines on it as network namespaces, whose processes see nothing else.

    switch ── etcd   10.0.0.31          the addresses are those that the files in deploy/ name
        ├──── one    10.0.0.21   ┐ PostgreSQL and Patroni
        ├──── two    10.0.0.22   ┘
        ├──── app1   10.0.0.11   ┐ Callgate
        └──── app2   10.0.0.12   ┘

Nothing leaves it: the switch has no address, and no machine a route.
"""

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

IP = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin")
_numbers = itertools.count(1)
_NOBODY = "02:00:00:00:00:ff"
"""A network card that no machine has: what is sent there is gone without a word."""


@dataclass(slots=True)
class Machine:
    """A namespace, on the switch by one cable."""

    space: str
    address: str
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def within(self, *command: str | Path) -> tuple[str, ...]:
        """The command that carries out another on this machine, as the same process."""
        assert IP
        return (IP, "netns", "exec", self.space, *map(str, command))

    def ask(self, *command: str | Path, check: bool = True) -> str:
        """Carry out a command there; what it says."""
        done = subprocess.run(self.within(*command), capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(
        self, *command: str | Path, folder: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start something that goes on; what it says is appended to the folder's log."""
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                self.within(*command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def part_from(self, *others: "Machine") -> None:
        """From now on nothing that is sent to these arrives, nor what they send here, and nobody is told."""
        for one, other in ((self, other) for other in others):
            one._lose(other)
            other._lose(one)

    def join_again(self, *others: "Machine") -> None:
        """Undo `part_from`."""
        for one, other in ((self, other) for other in others):
            _do("-n", one.space, "neigh", "flush", "to", other.address, "nud", "permanent")
            _do("-n", other.space, "neigh", "flush", "to", one.address, "nud", "permanent")

    def unplug(self) -> None:
        """Pull the cable out of the switch: whoever waits for this machine is told nothing."""
        _do("-n", self.space, "link", "set", "eth0", "down")

    def plug_in(self) -> None:
        """Put it back."""
        _do("-n", self.space, "link", "set", "eth0", "up")

    def kill(self) -> None:
        """Kill whatever runs there in the middle of what it does."""
        assert IP
        told = subprocess.run([IP, "netns", "pids", self.space], capture_output=True, text=True, check=True)
        for pid in map(int, told.stdout.split()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while self.started:
            self.started.pop().wait()

    def _lose(self, other: "Machine") -> None:
        _do("-n", self.space, "neigh", "replace", other.address, "lladdr", _NOBODY, "dev", "eth0", "nud", "permanent")


@contextmanager
def network(addresses: dict[str, str]) -> Iterator[dict[str, Machine]]:
    """Machines by name, each with its address on one switch; gone at the end, and all that runs there."""
    prefix = f"callgate-{os.getpid()}-{next(_numbers)}"
    switch = f"{prefix}-switch"
    machines = {name: Machine(f"{prefix}-{name}", address) for name, address in addresses.items()}
    spaces = [switch, *(machine.space for machine in machines.values())]
    try:
        for space in spaces:
            _do("netns", "add", space)
            _do("-n", space, "link", "set", "lo", "up")
        _do("-n", switch, "link", "add", "br0", "type", "bridge")
        _do("-n", switch, "link", "set", "br0", "up")
        for number, machine in enumerate(machines.values()):
            port = f"port{number}"
            own = ("link", "add", "eth0", "netns", machine.space, "type", "veth")
            _do(*own, "peer", "name", port, "netns", switch)
            _do("-n", switch, "link", "set", port, "master", "br0", "up")
            _do("-n", machine.space, "address", "add", f"{machine.address}/24", "dev", "eth0")
            _do("-n", machine.space, "link", "set", "eth0", "up")
        yield machines
    finally:
        for machine in machines.values():
            with suppress(subprocess.CalledProcessError):  # it was never made
                machine.kill()
        for space in spaces:
            with suppress(AssertionError):
                _do("netns", "delete", space)


def _do(*words: str) -> None:
    assert IP
    done = subprocess.run([IP, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def can_make_networks() -> bool:
    """Whether this user and this kernel let a test have a network of its own."""
    if IP is None or os.geteuid() != 0:
        return False
    space = f"callgate-{os.getpid()}-try"
    steps: Sequence[Sequence[str]] = (("netns", "add", space), ("-n", space, "link", "add", "br0", "type", "bridge"))
    made = all(subprocess.run([IP, *step], capture_output=True, check=False).returncode == 0 for step in steps)
    subprocess.run([IP, "netns", "delete", space], capture_output=True, check=False)
    return made
