"""The commands behind the Makefile: `python -m deploy.local COMMAND`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from deploy.local.trouble import Trouble


def _up(arguments: argparse.Namespace) -> int:
    from deploy.local import up  # noqa: PLC0415 - each command loads only its own parts

    return up.up(detach=arguments.detach or os.environ.get("DETACH") == "1")


def _down(_: argparse.Namespace) -> int:
    from deploy.local import up  # noqa: PLC0415

    return up.down()


def _status(_: argparse.Namespace) -> int:
    from deploy.local import status  # noqa: PLC0415

    return status.show()


def _logs(_: argparse.Namespace) -> int:
    from deploy.local import bare  # noqa: PLC0415

    return bare.follow_logs()


def _shell(_: argparse.Namespace) -> int:
    from deploy.local import manage  # noqa: PLC0415

    return manage.shell()


def _manage(arguments: argparse.Namespace) -> int:
    from deploy.local import manage  # noqa: PLC0415

    return manage.run(arguments.rest)


def _test(arguments: argparse.Namespace) -> int:
    from deploy.local import suite  # noqa: PLC0415

    return suite.run(_words(arguments))


def _check(_: argparse.Namespace) -> int:
    from deploy.local import check  # noqa: PLC0415

    return check.run()


def _demo(arguments: argparse.Namespace) -> int:
    return subprocess.call([sys.executable, "-m", "deploy.demo", *_words(arguments)])


def _bench(arguments: argparse.Namespace) -> int:
    return subprocess.call([sys.executable, "-m", "deploy.bench", *_words(arguments)])


def _bots(arguments: argparse.Namespace) -> int:
    return subprocess.call([sys.executable, "-m", "deploy.bots", *_words(arguments)])


def _words(arguments: argparse.Namespace) -> list[str]:
    """What was said after the command, without the `--` that kept its options from being ours."""
    rest: list[str] = arguments.rest
    return rest[1:] if rest[:1] == ["--"] else rest


def _format(_: argparse.Namespace) -> int:
    from deploy.local import check  # noqa: PLC0415

    return check.format_files()


def _schema(_: argparse.Namespace) -> int:
    from deploy.local import check  # noqa: PLC0415

    return check.write_schema()


def _lock(_: argparse.Namespace) -> int:
    from deploy.local import lock  # noqa: PLC0415

    return lock.run()


def _clean(_: argparse.Namespace) -> int:
    from deploy.local import clean  # noqa: PLC0415

    return clean.run()


def _env(arguments: argparse.Namespace) -> int:
    from deploy.local import env  # noqa: PLC0415

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

    up = add("up", _up, "start the platform and stay until Ctrl-C")
    up.add_argument("--detach", action="store_true", help="return when it is ready, and leave it running")
    add("down", _down, "stop the platform")
    add("status", _status, "what runs now, and whether it is ready")
    add("logs", _logs, "follow every log")
    add("shell", _shell, "a shell in which manage.py reaches the running platform")
    add("manage", _manage, "one manage.py command against the running platform").add_argument(
        "rest", nargs=argparse.REMAINDER
    )
    add("test", _test, "run the tests; what follows goes to pytest").add_argument("rest", nargs=argparse.REMAINDER)
    add("check", _check, "run every check that needs no test")
    add("demo", _demo, "play one whole incident").add_argument("rest", nargs=argparse.REMAINDER)
    add("bench", _bench, "measure this machine").add_argument("rest", nargs=argparse.REMAINDER)
    add("bots", _bots, "play incidents in several manners").add_argument("rest", nargs=argparse.REMAINDER)
    add("format", _format, "put every file into the one format")
    add("schema", _schema, "write the API's description anew")
    add("lock", _lock, "pin and hash the requirements")
    add("clean", _clean, "stop everything and forget all local state")
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
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
