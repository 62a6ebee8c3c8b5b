"""The command line: one command per file of `vmtbench.commands`, and what every one of them does with errors."""

from __future__ import annotations

import sys

import typer

from benchmark.errors import ItemError, OutputError, VmtbenchError
from vmtbench.commands import build, demo, doctor, fetch, inspect, leaderboard, list_, run, schema, score

app = typer.Typer(
    name="vmtbench",
    help="Build video-motion-transfer benchmarks, run methods on them, score every protocol, make leaderboards.",
    no_args_is_help=True,
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
    "list": list_,
    "doctor": doctor,
    "fetch": fetch,
    "schema": schema,
}.items():
    app.command(name)(module.command)


def main() -> None:
    """Run the command line: exit 0 when all was done, 1 when items failed, 2 for wrong usage or unusable input."""
    try:
        app()
    except VmtbenchError as error:
        if "--debug" in sys.argv:
            raise
        print(f"vmtbench: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, ItemError | OutputError) else 2)
    except KeyboardInterrupt:
        print("vmtbench: interrupted; run the same command again to go on from here", file=sys.stderr)
        sys.exit(130)
