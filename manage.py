#!/usr/bin/env python
"""The operator's door: `python manage.py help` lists every command."""

import os
import sys


def main() -> None:
    """Hand the command line to Django, with development settings unless told otherwise."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings must be named first
    except ModuleNotFoundError:
        raise SystemExit("This Python has no Django. Run `make shell`, and manage.py in the shell it opens.") from None
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
