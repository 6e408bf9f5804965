"""Command lines say what is wrong in one line, and know what switches something on."""

import pytest

from scripts.arguments import Parser, is_on


def test_a_wrong_argument_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="python -m scripts.snowflake.transfer")
    parser.add_subparsers(required=True).add_parser("load")
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args(["load", "--colour"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "snowflake.transfer: unrecognized arguments: --colour\n"


@pytest.mark.parametrize(("value", "expected"), [(None, False), ("", False), ("0", False), ("1", True), ("yes", True)])
def test_a_variable_switches_on_unless_it_is_empty_or_0(value: str | None, expected: bool) -> None:
    assert is_on(value) is expected
