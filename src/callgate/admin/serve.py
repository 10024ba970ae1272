"""`callgate serve`. What is served is built by the composition root; what development adds stands in `dev`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.command import HELP, Refusal, Run, serving_command
from callgate.admin.processes import ADOPT_OPTION
from callgate.admin.supervisor import CHECK_FLAG, read_left
from callgate.config import ONE_SERVER, WORKERS_MAX, ConfigError, Settings, check_files

WorkersOption = Annotated[
    int | None,
    typer.Option(min=0, max=WORKERS_MAX, help="Processes that answer, instead of server.workers.", show_default=False),
]
CheckFlag = Annotated[bool, typer.Option(CHECK_FLAG, help="See whether the settings load, and end.")]
AdoptOption = Annotated[str | None, typer.Option(ADOPT_OPTION, hidden=True, help="What it left itself.")]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How many processes; or only whether it would start. `adopt`: what this process was before it reloaded."""

    workers: WorkersOption = None
    check: CheckFlag = False
    adopt: AdoptOption = None


def build_serve() -> typer.Typer:
    """The command line of a process that is to serve: this command, and no other."""
    cli = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None, context_settings=HELP)
    cli.callback()(lambda: None)  # else its name would be taken for an argument of the only command
    add_serve(cli)
    return cli


def add_serve(cli: typer.Typer) -> None:
    """Register the command."""

    @serving_command(cli, "serve", options=ServeOptions)
    def serve(run: Run, options: ServeOptions) -> None:
        """Serve until told to stop, by the settings of the file and the environment; migrates first.

        SIGTERM ends it when requests under way are answered; SIGHUP has it take new settings and new code.
        """
        settings = _with_workers(run.settings, options.workers)
        left = read_left(options.adopt) if options.adopt else None
        if left and left.address != settings.server.address:
            raise Refusal(f"it listens on {left.address}: another server.host or server.port takes a restart")
        if left and settings.server.workers == 0:
            raise Refusal("it has a supervisor: to do without one (server.workers = 0) takes a restart")
        if options.check:
            check_files(settings)
            return
        status = run.composition.serve(settings, left)
        if status:
            raise typer.Exit(status)


def _with_workers(settings: Settings, workers: int | None) -> Settings:
    if workers is None:
        return settings
    if workers > 1 and settings.database.has_one_server:
        raise ConfigError([f"--workers: {ONE_SERVER}"])
    return settings.model_copy(update={"server": settings.server.model_copy(update={"workers": workers})})
