"""The program `symgeo`: its commands in one place, and how a mistake or an interrupt ends it."""

from __future__ import annotations

import sys
from typing import Annotated, Any, cast

import typer

from symgeo.cli.closed_forms import crosscheck, derive, generate
from symgeo.cli.flow import flow
from symgeo.cli.networks import measure, train
from symgeo.cli.pages import figure, report
from symgeo.errors import CheckFailed, SymgeoError

# click's, whichever click typer brings: an option or a command that there is not, or a value of another kind.
_UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])
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
        status = app(prog_name="symgeo", standalone_mode=False)
    except _UsageError as error:
        print(_usage(error), file=sys.stderr)
        sys.exit(2)
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
    except KeyboardInterrupt:
        status = 130
    # 130 is also what typer makes of Ctrl-C.
    if status == 130:
        print("symgeo: stopped; the same command goes on from what was stored", file=sys.stderr)
    sys.exit(status or 0)


def _usage(error: Any) -> str:
    """The line that says what is wrong with an option; without any arguments, the help that typer makes of that."""
    text = error.format_message().replace("Value error, ", "")  # words of the library that typer checks values with
    if not sys.argv[1:]:
        return text
    return (
        f"symgeo: {' '.join(text.split()).rstrip('.')}; see {error.ctx.command_path if error.ctx else 'symgeo'} --help"
    )
