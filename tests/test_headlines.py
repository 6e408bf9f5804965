"""The committed data give the headline numbers of expected_headlines.yml."""

from tests.headlines import as_yaml, headlines
from tests.worlds import PROJECT_DIR, World


def test_the_committed_data_give_the_expected_headlines(committed: World) -> None:
    expected = (PROJECT_DIR / "tests" / "expected_headlines.yml").read_text(encoding="utf-8")
    assert as_yaml(headlines(committed)) == "".join(
        line for line in expected.splitlines(True) if not line.startswith("#")
    )
