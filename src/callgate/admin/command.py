"""How a command is made: options as one frozen value, an async function that gives a view, errors as one line.

A command's options are a dataclass whose fields are annotated for Typer. `--config` comes with each, `--json` with each
that shows something.
Exit codes: 0 done, 1 refused or something is wrong, 2 used or configured wrongly, 3 the database or a file failed.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Final, NamedTuple, NoReturn, TypeVar, get_type_hints

import typer
from typer.core import TyperArgument, TyperCommand

from callgate.admin.composition import Composition
from callgate.admin.view import View
from callgate.config import ConfigError, Settings
from callgate.model.acts import Refused
from callgate.service.administer.desk import Desk

REFUSED = 1
MISUSED = 2
FAILED = 3

HELP: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
"""How every command is helped with: as wide as help is where the terminal is."""

BY = "cli"
"""Who did it, in the audit log."""

O = TypeVar("O")  # noqa: E741 - options
R = TypeVar("R")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; else CALLGATE_CONFIG, else callgate.toml.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class NoOptions:
    """A command that takes none of its own."""


class Run(NamedTuple):
    """What every command has: how it was composed, and its settings."""

    composition: Composition
    settings: Settings


class Refusal(Exception):
    """A command was refused: one line that names the mend."""


def granted(outcome: R | Refused) -> R:
    """The outcome, unless it is a refusal, which ends the command. Raises Refusal."""
    if isinstance(outcome, Refused):
        raise Refusal(outcome.problem)
    return outcome


def noun(name: str, about: str) -> typer.Typer:
    """A noun of the command line."""
    return typer.Typer(
        name=name,
        help=about,
        short_help=about,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # its tables cut what does not fit, such as the names of grants
    )


def desk_command(
    group: typer.Typer, name: str, *, options: type[O]
) -> Callable[[Callable[[Desk, O], Awaitable[View]]], None]:
    """Register a command that acts from a desk: on the database, whether or not a server runs."""

    def register(act: Callable[[Desk, O], Awaitable[View]]) -> None:
        async def run(run: Run, chosen: O) -> View:
            async with run.composition.desk(run.settings, by=BY) as desk:
                return await act(desk, chosen)

        _register(group, name, options=options, about=act.__doc__, run=lambda r, o: asyncio.run(run(r, o)))

    return register


def plain_command(
    group: typer.Typer, name: str, *, options: type[O]
) -> Callable[[Callable[[Run, O], View | None]], None]:
    """Register a command that needs no database open: it may give no view, having printed."""

    def register(act: Callable[[Run, O], View | None]) -> None:
        _register(group, name, options=options, about=act.__doc__, run=act)

    return register


def serving_command(group: typer.Typer, name: str, *, options: type[O]) -> Callable[[Callable[[Run, O], None]], None]:
    """Register a command that serves: it shows nothing, and so it has no `--json`."""

    def register(act: Callable[[Run, O], None]) -> None:
        _register(group, name, options=options, about=act.__doc__, run=act, shows=False)

    return register


def fail(composition: Composition, error: Exception) -> NoReturn:
    """End the process with the line and exit code of an error; a defect is raised again."""
    from callgate.admin.drawing import say  # noqa: PLC0415 - a server that serves draws nothing (ADR 92)

    match error:
        case Refusal():
            say(f"Refused: {error}")
            raise typer.Exit(REFUSED) from None
        case ConfigError():
            for problem in error.problems:
                say(problem)
            raise typer.Exit(MISUSED) from None
        case _:
            line = composition.explain(error)
            if line is None:
                raise error
            say(f"Failed: {line}")
            raise typer.Exit(FAILED) from None


class _Command(TyperCommand):
    """Whatever must be said and was not is named at once: left to itself, click would name the first."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # Typer's own class
        said, _, _ = self.make_parser(ctx).parse_args([*args])
        missing = [
            f"'{parameter.metavar if isinstance(parameter, TyperArgument) else parameter.opts[0]}'"
            for parameter in self.get_params(ctx)
            if parameter.required and parameter.value_is_missing(parameter.consume_value(ctx, said)[0])
        ]
        if len(missing) > 1 and "help" not in said:
            ctx.fail(f"Missing {', '.join(missing)}.")
        return super().parse_args(ctx, args)


def _register(
    group: typer.Typer,
    name: str,
    *,
    options: type[O],
    about: str | None,
    run: Callable[[Run, O], View | None],
    shows: bool = True,
) -> None:
    def wrapper(ctx: typer.Context, **given: object) -> None:
        composition: Composition = ctx.find_root().obj
        as_json, file = bool(given.pop("json", False)), given.pop("config")
        assert file is None or isinstance(file, Path)
        try:
            view = run(Run(composition, composition.load(file)), options(**given))
        except Exception as error:  # noqa: BLE001 - the edge: every failure becomes a line or is raised again
            fail(composition, error)
        if view is not None:
            from callgate.admin.drawing import show  # noqa: PLC0415 - a server that serves draws nothing (ADR 92)

            show(view, as_json=as_json)
            if view.failed:
                raise typer.Exit(REFUSED)

    parameters = [
        inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *_parameters(options),
        *((_keyword("json", JsonFlag, default=False),) if shows else ()),
        _keyword("config", ConfigOption, default=None),
    ]
    # Typer reads a function's signature; this one's is written from the options' fields.
    vars(wrapper)["__signature__"] = inspect.Signature(parameters)
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    wrapper.__doc__ = about
    # What lists show of a command is its first sentence, whole: left to itself, click would cut it.
    group.command(name, cls=_Command, short_help=(about or "").partition("\n\n")[0])(wrapper)


def _parameters(options: type[object]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(options, include_extras=True)
    members: tuple[Field[object], ...] = fields(options)  # type: ignore[arg-type] # every type given is a dataclass
    for member in members:
        default: object = inspect.Parameter.empty
        if member.default is not MISSING:
            default = member.default
        elif member.default_factory is not MISSING:
            default = member.default_factory()
        yield _keyword(member.name, hints[member.name], default=default)


def _keyword(name: str, annotation: object, *, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
