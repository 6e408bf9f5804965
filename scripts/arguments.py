"""What command lines have in common: a mistake is told in one line, and a variable can switch something on."""

from __future__ import annotations

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line: `--help` has the usage for who wants it."""

    def error(self, message: str) -> NoReturn:
        """Print the program's name and the message, and exit with 2."""
        self.exit(2, f"{self.prog.removeprefix('python -m scripts.')}: {message}\n")


def positive(text: str) -> int:
    """Read a whole number from 1 on, as the type of an argument."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    return number


def is_on(variable: str | None) -> bool:
    """Say whether the value of a variable such as OPEN or FULL asks for something: OPEN=1 does, OPEN=0 does not."""
    return variable not in (None, "", "0")
