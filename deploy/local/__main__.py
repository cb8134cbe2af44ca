"""The commands behind the Makefile: `python -m deploy.local COMMAND`."""

import argparse
import sys
from collections.abc import Callable, Sequence

from deploy.local.trouble import Trouble


def _env(arguments: argparse.Namespace) -> int:
    from deploy.local import env  # noqa: PLC0415 - each command loads only its own parts

    if arguments.stop:
        env.stop()
    else:
        print(env.exports(env.start()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words)
        command.set_defaults(run=run)
        return command

    env = add("env", _env, "start a database and a broker for tests run by hand; print their addresses for eval")
    env.add_argument("--stop", action="store_true", help="stop them")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
