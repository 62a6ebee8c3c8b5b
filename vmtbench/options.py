"""Options that read the same on every command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.engine import Existing
from vmtbench.output import Output

Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Items worked on at once.", rich_help_panel="Common")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.", rich_help_panel="Common")]
Device = Annotated[str, typer.Option("--device", help="Where models run: cpu, cuda, cuda:1.", rich_help_panel="Common")]
Offline = Annotated[bool, typer.Option("--offline", help="Never use the network.", rich_help_panel="Common")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel="Common")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable result on stdout.", rich_help_panel="Common")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traces of errors.", rich_help_panel="Common")]
ExistingOption = Annotated[
    Existing,
    typer.Option("--existing", help="What to do with results that are there.", rich_help_panel="Common"),
]
WeightsFolder = Annotated[
    Path | None,
    typer.Option("--weights", envvar="VMTBENCH_WEIGHTS", help="Folder of model weights, looked in first."),
]


def _load_config(context: typer.Context, path: Path | None) -> Path | None:
    """Take defaults of this command's options from the table of its name in a TOML file."""
    if path is None:
        return None
    parameters = [parameter for parameter in context.command.params if parameter.name != "config"]
    options = {_name_for_users(parameter): str(parameter.name) for parameter in parameters}
    given: dict[str, Any] = {}
    for key, value in _table(context, path).items():
        if (name := key.replace("_", "-")) not in options:
            from benchmark.registry import unknown

            raise unknown(f"option in table [{context.info_name}] of {path}", key, options)
        given[options[name]] = value
    context.default_map = {**(context.default_map or {}), **given}
    return path


def _name_for_users(parameter: Any) -> str:
    """Return what an option is called on the command line, without dashes in front."""
    return max(parameter.opts, key=len).lstrip("-").replace("_", "-")


def _table(context: typer.Context, path: Path) -> Mapping[str, Any]:
    import tomllib

    from benchmark.errors import InputError
    from benchmark.registry import unknown

    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"settings file {path} cannot be read ({error.strerror}); check --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"settings file {path} is not valid TOML ({error}); correct it") from error
    commands = context.parent.command.commands if context.parent else {}  # pyright: ignore[reportAttributeAccessIssue]
    if strange := [key for key in values if key not in commands]:
        raise unknown(f"table in {path}", strange[0], commands)
    table = values.get(str(context.info_name), {})
    if not isinstance(table, dict):
        raise InputError(f"settings file {path} has {context.info_name!r} as a value, expected a table of that name")
    return table


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        callback=_load_config,
        is_eager=True,
        help="TOML file with a table of option values per command.",
        rich_help_panel="Common",
    ),
]


def output_for(*, json: bool, quiet: bool, offline: bool) -> Output:
    """Return where results and messages go, after keeping the network out when asked to."""
    if offline:
        import os

        os.environ["HF_HUB_OFFLINE"] = "1"
    return Output(json=json, quiet=quiet)
