"""The command line: one command per file of `vmtbench.commands`, and what every one of them does with errors."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmark.errors import ItemError, OutputError, VmtbenchError
from vmtbench.commands import (
    build,
    compare,
    correlate,
    demo,
    doctor,
    explain,
    fetch,
    inspect,
    leaderboard,
    list_,
    run,
    schema,
    score,
)

UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]
"""What typer raises for a wrong command line; typer exports this one special case of it alone."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

app = typer.Typer(
    name="vmtbench",
    help="Build video-motion-transfer benchmarks, run methods on them, score every protocol, make leaderboards.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for name, module in {
    "demo": demo,
    "build": build,
    "inspect": inspect,
    "run": run,
    "score": score,
    "leaderboard": leaderboard,
    "compare": compare,
    "correlate": correlate,
    "explain": explain,
    "list": list_,
    "doctor": doctor,
    "fetch": fetch,
    "schema": schema,
}.items():
    app.command(name)(module.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"vmtbench {version('vmtbench')}")
        raise typer.Exit


@app.callback()
def _options_of_all(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: exit 0 when all was done, 1 when items failed, 2 for wrong usage or unusable input."""
    try:
        status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except UsageError as error:
        status = _fail(_usage(error), 2)
    except VmtbenchError as error:
        status = _fail(str(error), 1 if isinstance(error, ItemError | OutputError) else 2)
    except Exception as error:
        found = f"unexpected {type(error).__name__}: {error}"
        status = _fail(f"{found}; run again with --debug for the trace and report it", 1)
    if status == INTERRUPTED:
        _fail("interrupted; run the same command again to go on from here", INTERRUPTED)
    sys.exit(status)


def _fail(message: str, status: int) -> int:
    """Print the error that is being handled as one line, after its trace when debugging, and return `status`."""
    if "--debug" in sys.argv and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    print(f"vmtbench: {' '.join(message.split())}", file=sys.stderr)
    return status


def _usage(error: typer.BadParameter) -> str:
    message = error.format_message().rstrip(".")
    command = error.ctx.command_path if error.ctx else "vmtbench"
    return f"{message[:1].lower()}{message[1:]} (see {command} --help)"
