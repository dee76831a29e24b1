"""The program `symgeo`: its commands in one place, and how a mistake or an interrupt ends it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from symgeo.cli.closed_forms import crosscheck, derive, generate
from symgeo.cli.flow import flow
from symgeo.cli.networks import measure, train
from symgeo.cli.pages import figure, report
from symgeo.errors import CheckFailed, SymgeoError

# Optional packages, and the extra that brings each.
_EXTRAS = {"torch": "torch", "safetensors": "torch", "sklearn": "torch", "pooch": "torch", "matplotlib": "figures"}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="The Riemannian geometry of neural networks: derived in closed form, proved line by line, generated as fast "
    "kernels, held against trained networks.",
    epilog="Start with: symgeo report",
)


def _version(wanted: bool) -> None:
    if wanted:
        import symgeo

        print(f"symgeo {symgeo.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None: ...


# In the order of the help.
for _command in (derive, generate, crosscheck, train, measure, flow, figure, report):
    app.command()(_command)


def main() -> None:
    """Run the command line; a user's mistake ends it with one line and status 2."""
    try:
        app()
    except CheckFailed as error:
        print(f"symgeo: {error}", file=sys.stderr)
        sys.exit(1)
    except SymgeoError as error:
        print(f"symgeo: {error}", file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        print(f"symgeo: {error.name} is not installed; pip install 'symgeo[{_EXTRAS[error.name]}]'", file=sys.stderr)
        sys.exit(2)
    except SystemExit as stop:
        # What typer makes of Ctrl-C.
        if stop.code == 130:
            print("symgeo: stopped; the same command goes on from what was stored", file=sys.stderr)
        raise
    except KeyboardInterrupt:
        print("symgeo: stopped; the same command goes on from what was stored", file=sys.stderr)
        sys.exit(130)
