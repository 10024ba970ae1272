"""`callgate serve`. What is served is built by the composition root; what development adds stands in `dev`."""

import typer

from callgate.admin.command import NoOptions, Run, plain_command


def add_serve(cli: typer.Typer) -> None:
    """Register the command."""

    @plain_command(cli, "serve", options=NoOptions)
    def serve(run: Run, _options: NoOptions) -> None:
        """Serve until told to stop, by the settings of the file and the environment; migrates first."""
        run.composition.serve(run.settings)
