"""The parts for whoever runs a server: settings, commands, what a check of SAML says."""

import inspect
import re
from collections.abc import Iterator

import typer.main
from markdown import table
from typer.core import TyperArgument, TyperGroup, TyperOption

from callgate.admin.cli import EPILOG, build_cli
from callgate.admin.saml_mends import BESIDES, MENDS
from callgate.config import Settings, describe
from callgate.model.saml import SamlCheck

ALWAYS = frozenset({"--json", "--config", "--help"})
"""Options that every command has; they are described once."""


def settings() -> Iterator[str]:
    """Each setting under a heading of its own."""
    for section in describe(Settings()):
        yield f"## [{section.name}]\n\n{section.description}"
        for entry in section.settings:
            default = f"`{entry.default}`" if entry.default else "none"
            yield f"### {entry.key}\n\n{entry.description}"
            yield f"- Values: {_choices(entry.kind)}. Default: {default}.\n- Variable: `{entry.variable}`"


def commands() -> Iterator[str]:
    """Each command under a heading of its own: what it does, how it is called, its options."""
    cli = typer.main.get_command(build_cli())
    assert isinstance(cli, TyperGroup)
    for name, command in cli.commands.items():
        if not isinstance(command, TyperGroup):
            yield from _command(f"callgate {name}", command, level=2)
            continue
        yield f"## callgate {name}\n\n{command.help}"
        for verb, inner in command.commands.items():
            yield from _command(f"callgate {name} {verb}", inner, level=3)


def exit_codes() -> Iterator[str]:
    """What a shell sees."""
    yield EPILOG


def saml_checks() -> Iterator[str]:
    """Each check of a SAML document under a heading: what it asks, and what to set where it fails."""
    source = inspect.getsource(SamlCheck)
    about = dict(re.findall(r'    (\w+) = "[^"]+"\n    """(.*?)"""', source, re.DOTALL))
    asked = {check.value: " ".join(about[check.name].split()) for check in SamlCheck} | BESIDES
    for check, mend in MENDS.items():
        yield f"### {check}\n\n{asked[check]}"
        yield "\n".join(f"- **{who}**: {what}" for who, what in (("to do", mend.here), *mend.told_there()))


def _choices(kind: str) -> str:
    return " or ".join(f"`{word}`" for word in kind.split(" | ")) if "|" in kind else kind


def _command(called: str, command: object, *, level: int) -> Iterator[str]:
    parameters = [p for p in getattr(command, "params", []) if not set(p.opts) & ALWAYS]
    arguments = [p for p in parameters if isinstance(p, TyperArgument)]
    options = [p for p in parameters if isinstance(p, TyperOption) and not p.hidden]
    words = [called, *(str(p.metavar) for p in arguments), *(f"{p.opts[0]} {_value(p)}" for p in options if p.required)]
    if any(not p.required for p in options):
        words.append("[options]")
    yield f"{'#' * level} {called}"
    yield str(getattr(command, "help", ""))
    yield f"`{' '.join(words)}`"
    if parameters:
        rows = [(f"`{p.metavar}`", _help(p), "required") for p in arguments]
        rows += [(_option(p), _help(p), _default(p)) for p in options]
        yield table(("option", "what it is", "default"), rows)


def _help(parameter: TyperArgument | TyperOption) -> str:
    """On one line, without click's mark of what it is not to fold."""
    return " ".join(str(parameter.help).replace("\b", "").split())


def _option(option: TyperOption) -> str:
    """As typed: `--limit LIMIT`, `--yes`, `--refresh-tokens`, `--no-refresh-tokens`."""
    names = (*option.opts, *option.secondary_opts)
    return ", ".join(f"`{name}`" if option.is_flag else f"`{name} {_value(option)}`" for name in names)


def _value(option: TyperOption) -> str:
    """What stands for an option's value: its own word, or the option's last."""
    return option.metavar or option.opts[0].removesuffix("-s").rpartition("-")[2].upper()


def _default(option: TyperOption) -> str:
    if option.required:
        return "required"
    if option.is_flag or option.default in (None, "", []):
        return ""
    return f"`{getattr(option.default, 'value', option.default)}`"
