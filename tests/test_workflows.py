"""The workflows on GitHub: what they may do, what they pin and run, and the comment on a pull request."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.review.markdown import LIMIT, MARKER
from tests.worlds import PROJECT_DIR

MAKEFILE = (PROJECT_DIR / "Makefile").read_text(encoding="utf-8")
WORKFLOWS = sorted((PROJECT_DIR / ".github" / "workflows").glob("*.y*ml"))
CI = PROJECT_DIR / ".github" / "workflows" / "ci.yml"
BOT = "github-actions[bot]"
REVIEW = f"{MARKER}\n## Review: CHANGED — 5 % “more”\n\n$(touch pwned) `touch pwned` \"'\\n %s @x\n"
PAGE, LOG = "https://github.com/team/funnel/actions/runs/9/artifacts/4", "https://github.com/team/funnel/actions/runs/9"
FOOTER = f"\nOf c0ffee merged into the base · [page, Markdown and JSON]({PAGE})\n"
FROM_GITHUB = {
    "${{ github.token }}": "token-of-the-run",
    "${{ github.event.pull_request.number }}": "7",
    "${{ github.event.pull_request.head.sha }}": "c0ffee",
    "${{ needs.review.outputs.page }}": PAGE,
    "${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}": LOG,
}
SHELLS = {None: ["-e"], "bash": ["--noprofile", "--norc", "-eo", "pipefail"]}
"""How GitHub starts bash for a step."""

FAKE_GH = """\
import argparse, json, os, pathlib, sys

arguments = argparse.ArgumentParser(allow_abbrev=False)
arguments.add_argument("command", choices=["api"])
arguments.add_argument("endpoint")
arguments.add_argument("--paginate", action="store_true")
arguments.add_argument("--silent", action="store_true")
arguments.add_argument("--method", choices=["GET", "PATCH", "POST"], default="GET")
arguments.add_argument("-F", dest="field")
given = arguments.parse_args()
assert os.environ["GH_TOKEN"] == "token-of-the-run"
endpoint, _, query = given.endpoint.partition("?")
if given.method == "GET":
    if pathlib.Path("gh-fails").exists():
        sys.exit("HTTP 502")
    size = int(query.removeprefix("per_page=") or 30)
    comments = json.loads(pathlib.Path("comments.json").read_text(encoding="utf-8"))
    pages = [comments[at : at + size] for at in range(0, len(comments), size)] or [[]]
    print(*map(json.dumps, pages if given.paginate else pages[:1]), sep="")
else:
    name, _, path = given.field.partition("=@")
    assert name == "body"
    with open("written.jsonl", "a", encoding="utf-8") as written:
        body = pathlib.Path(path).read_text(encoding="utf-8")
        written.write(json.dumps([given.method, endpoint, body]) + "\\n")
    if not given.silent:
        print(body)
"""


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        yield from read(path)["jobs"].items()


def steps() -> Iterator[dict[str, Any]]:
    for _, job in jobs():
        yield from job["steps"]


def makes() -> list[list[str]]:
    """Return the words after `make` of each line that a workflow runs."""
    lines = [line for step in steps() for line in step.get("run", "").splitlines() if re.search(r"\bmake\b", line)]
    assert all(line.startswith("make ") for line in lines), f"give make a line of its own: {lines}"
    return [shlex.split(line)[1:] for line in lines]


def action(step: dict[str, Any]) -> str:
    return step.get("uses", "").split("@")[0]


def ci_job(name: str) -> dict[str, Any]:
    return read(CI)["jobs"][name]


def step_named(job: str, name: str) -> dict[str, Any]:
    (found,) = [step for step in ci_job(job)["steps"] if step.get("name") == name]
    return found


each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def test_there_are_workflows() -> None:
    assert CI in WORKFLOWS


@each_workflow
def test_no_code_of_a_fork_runs_with_our_rights(path: Path) -> None:
    triggers = read(path)[True]  # YAML reads the key `on` as true
    assert not {"pull_request_target", "workflow_run"} & set([triggers] if isinstance(triggers, str) else triggers)


@each_workflow
def test_a_workflow_may_only_read(path: Path) -> None:
    assert read(path)["permissions"] in ({"contents": "read"}, {})


def test_only_the_comment_may_write() -> None:
    own = {name: job["permissions"] for name, job in jobs() if "permissions" in job}
    assert own == {"comment": {"pull-requests": "write"}}


def test_what_may_write_sees_only_the_artifact_and_no_fork() -> None:
    comment = ci_job("comment")
    assert {action(step) for step in comment["steps"]} == {"actions/download-artifact", ""}
    assert "github.event.pull_request.head.repo.full_name == github.repository" in comment["if"].split(" && ")


@each_workflow
def test_actions_are_pinned_by_commit_beside_their_version(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for line in re.findall(r"^.*\buses:.*$", text, flags=re.MULTILINE):
        assert re.search(r"uses: [\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+(\.\d+)*$", line), (
            f"pin it by commit: {line.strip()}"
        )


@each_workflow
def test_no_secret_is_asked_for(path: Path) -> None:
    assert "secrets" not in path.read_text(encoding="utf-8")


def test_nothing_from_outside_becomes_code() -> None:
    for step in steps():
        assert "${{" not in step.get("run", ""), f"hand it over in env: {step['run']}"


def test_no_token_stays_in_a_checkout() -> None:
    checkouts = [step for step in steps() if action(step) == "actions/checkout"]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_every_job_ends_and_an_older_run_gives_way() -> None:
    assert [name for name, job in jobs() if "timeout-minutes" not in job] == []
    assert all("github.ref" in read(path)["concurrency"]["group"] for path in WORKFLOWS)


def test_the_makefile_has_every_target_and_variable_that_is_used() -> None:
    assert makes()
    for word in [word for words in makes() for word in words]:
        name, assigned, _ = word.partition("=")
        pattern = rf"^{name} \?=" if assigned else rf"^{name}:"
        assert re.search(pattern, MAKEFILE, flags=re.MULTILINE), f"the Makefile knows no {word}"


def test_every_program_of_ours_is_there() -> None:
    programs = [step["run"] for step in steps() if step.get("run", "").startswith(".")]
    assert programs == [".ci/run"]
    assert all(os.access(PROJECT_DIR / program, os.X_OK) for program in programs)


def test_a_pull_request_is_reviewed_without_values_against_its_base_with_history() -> None:
    review = ci_job("review")
    assert review["if"] == "github.event_name == 'pull_request'"
    assert [words for words in makes() if words[0].startswith("review")] == [
        ["review", "BASE=origin/$GITHUB_BASE_REF", "VALUES=0"]
    ]
    (checkout,) = [step["with"] for step in review["steps"] if action(step) == "actions/checkout"]
    assert (checkout["fetch-depth"], "ref" in checkout) == (0, False)


def test_a_review_beyond_its_limits_is_still_shown() -> None:
    review = ci_job("review")
    at = next(at for at, step in enumerate(review["steps"]) if "make review" in step.get("run", ""))
    assert "continue-on-error" not in review["steps"][at]
    assert {step["if"] for step in review["steps"][at + 1 :]} == {"${{ !cancelled() }}"}
    assert ci_job("comment")["if"].startswith("!cancelled() && ")


def test_the_artifact_is_the_review_and_no_table() -> None:
    (upload,) = [step for step in ci_job("review")["steps"] if action(step) == "actions/upload-artifact"]
    (download,) = [step for step in steps() if action(step) == "actions/download-artifact"]
    assert {*upload["with"]["path"].split()} == {f".review/review.{kind}" for kind in ("html", "md", "json")}
    assert upload["with"]["include-hidden-files"] is True
    assert upload["with"]["name"] == download["with"]["name"]
    assert download["if"] == "needs.review.outputs.page"  # empty where there is no artifact
    assert ci_job("review")["outputs"]["page"] == f"${{{{ steps.{upload['id']}.outputs.artifact-url }}}}"


def test_the_report_is_an_artifact() -> None:
    attached = ci_job("lint-and-test")["steps"]
    (upload,) = [step for step in attached if action(step) == "actions/upload-artifact"]
    (build,) = [step for step in attached if "report" in step.get("run", "")]
    assert build["run"] == "make build report docs"
    assert upload["with"] == {"name": "report", "path": "report", "if-no-files-found": "error"}
    assert build["if"] == upload["if"]


Written = list[list[str]]
"""Method, endpoint and body of each request that writes."""


@pytest.fixture
def comment(tmp_path: Path) -> Callable[..., Written]:
    """Return a function that runs the step as GitHub does, beside review.md and a fake gh with these comments.

    No other program is there: the step can run nothing of the pull request.
    """
    if not (jq := shutil.which("jq")):
        pytest.skip("jq is not installed: the step needs it")
    programs, work = tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    work.mkdir()
    for name, program in (("jq", jq), ("wc", shutil.which("wc"))):
        (programs / name).symlink_to(program)
    (programs / "gh").write_text(f"#!{sys.executable}\n{FAKE_GH}", encoding="utf-8")
    (programs / "gh").chmod(0o755)

    def run(comments: list[dict[str, Any]], review: str | None = REVIEW, gh_fails: bool = False) -> Written:
        if review is not None:
            (work / "review.md").write_text(review, encoding="utf-8")
        (work / "comments.json").write_text(json.dumps(comments), encoding="utf-8")
        if gh_fails:
            (work / "gh-fails").touch()
        step = step_named("comment", "Update the comment, or make it")
        given = {name: FROM_GITHUB[value] if "${{" in value else value for name, value in step["env"].items()}
        if review is None:
            given["PAGE"] = ""
        subprocess.run(
            [shutil.which("bash") or "bash", *SHELLS[step.get("shell")], "-c", step["run"]],
            cwd=work,
            env={"PATH": str(programs), "GITHUB_REPOSITORY": "team/funnel", "PYTHONUTF8": "1", **given},
            check=True,
        )
        assert not (work / "pwned").exists()
        return [json.loads(line) for line in (work / "written.jsonl").read_text(encoding="utf-8").splitlines()]

    return run


def said(number: int, body: str = "Looks good.", by: str = BOT) -> dict[str, Any]:
    return {"id": number, "user": {"login": by}, "body": body}


MADE = ["POST", "repos/team/funnel/issues/7/comments", REVIEW + FOOTER]
UPDATED = ["PATCH", "repos/team/funnel/issues/comments/500", REVIEW + FOOTER]
OTHERS = [said(number) for number in range(1, 151)]


@pytest.mark.parametrize(
    ("comments", "written"),
    [
        pytest.param([], MADE, id="no comment yet"),
        pytest.param([said(500, f"{MARKER}\nold")], UPDATED, id="our own"),
        pytest.param([*OTHERS, said(500, f"{MARKER}\nold"), said(501)], UPDATED, id="our own on the second page"),
        pytest.param([said(500, f"{MARKER}\nold"), said(501, f"{MARKER}\nold")], UPDATED, id="two of ours"),
        pytest.param(OTHERS, MADE, id="others"),
        pytest.param([said(1, f"{MARKER}\nmine", by="mallory")], MADE, id="the marker in someone else's"),
        pytest.param([said(1, f"> {MARKER}\nquoted")], MADE, id="the marker quoted by another workflow"),
    ],
)
def test_one_comment_is_made_and_then_updated(
    comment: Callable[..., Written], comments: list[dict[str, Any]], written: list[str]
) -> None:
    assert comment(comments) == [written]


def test_the_numbers_of_an_older_push_do_not_stay_when_a_review_breaks_off(comment: Callable[..., Written]) -> None:
    ((method, endpoint, body),) = comment([said(500, REVIEW)], review=None)
    assert (method, endpoint) == tuple(UPDATED[:2])
    assert body.startswith(f"{MARKER}\n## ❌ Review: ERROR\n\nThe review did not finish.\n")
    assert body.endswith(f"\nOf c0ffee merged into the base · [the log]({LOG}) says why\n")


def test_a_list_that_cannot_be_read_makes_no_second_comment(comment: Callable[..., Written], tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        comment([said(500, REVIEW)], gh_fails=True)
    assert not (tmp_path / "work" / "written.jsonl").exists()


@pytest.mark.parametrize("letter", ["x", "é", "🔶"])
def test_the_longest_review_still_fits(comment: Callable[..., Written], letter: str) -> None:
    longest = (MARKER + letter * LIMIT).encode("utf-16-le")[: LIMIT * 2].decode("utf-16-le", errors="ignore")
    ((_, _, body),) = comment([], review=longest)
    assert body.startswith(longest)
    assert len(body.encode("utf-16-le")) // 2 <= 65_536


@pytest.mark.parametrize("review", [REVIEW, None])
def test_the_summary_shows_the_review_or_says_that_there_is_none(tmp_path: Path, review: str | None) -> None:
    if review:
        (tmp_path / ".review").mkdir()
        (tmp_path / ".review" / "review.md").write_text(review, encoding="utf-8")
    step = step_named("review", "Put the review into the run's summary")
    summary = tmp_path / "summary.md"
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}
    subprocess.run(["bash", *SHELLS[step.get("shell")], "-c", step["run"]], cwd=tmp_path, env=environment, check=True)
    assert summary.read_text(encoding="utf-8") == (review or "The review did not finish: its log says why.\n")
