"""What an update makes of the answers: told before it is done, and never another in the place of one."""

import tomllib
from pathlib import Path

import pytest
import yaml

from mlops_new.template.answers import Answer, Change, answered_anew, changes, defaults_to_look_at, kept, refused
from tests.update import fork
from tests.update.conftest import KINDS, NAME, Here, Project
from tests.update.fork import NEWEST, OLDEST, git

MAE = ("--data", "metric=mae", "--data", "metric_threshold=25")


def merge(project: Project, version: str) -> None:
    """What a person does with the pull requests."""
    for kind in KINDS:
        git(project.copy(kind), "fetch", "--quiet")
        git(project.copy(kind), "merge", "--quiet", f"origin/mlops-new/template-{version}")
        git(project.copy(kind), "push", "--quiet", "origin", "main")


@pytest.fixture
def own(project: Project, tmp_path: Path, here: Here) -> Path:
    """The project under a template repository that this test may release versions in; its metric is mae."""
    template = tmp_path / "own.git"
    git(tmp_path, "clone", "--quiet", project.template, template)
    git(template, "reset", "--quiet", "--hard", OLDEST)
    for version in (fork.MIDDLE, NEWEST):
        git(template, "tag", "--delete", version)
    (template / "CHANGES.md").write_text("None.\n", "utf-8")
    fork.release(template, "v1.0.1", "Ours")
    done = here("template", "switch", f"{template}@v1.0.1", NAME, "--yes", "--json", *MAE)
    assert done.code == 0, done.err
    merge(project, "v1.0.1")
    return template


@pytest.mark.slow
def test_a_project_is_answered_anew_at_the_version_that_it_has(project: Project, here: Here) -> None:
    told = here("update", NAME, "--to", OLDEST, "--yes", "--json", *MAE)
    assert told.code == 0, told.err
    assert told.document["build"]["answers"] == [
        {"question": "metric", "change": "changed", "before": "wape", "after": "mae"},
        {"question": "metric_threshold", "change": "changed", "before": 0.4, "after": 25},
    ]
    assert 'metric = "mae" (was "wape")' in told.err  # in the plan, before anything is done
    branch = f"mlops-new/template-{OLDEST}"
    config = tomllib.loads(project.read("build", "config.toml", branch))["evaluation"]
    assert (config["metric"], config["threshold"]) == ("mae", 25)
    assert git(project.hosted("build"), "log", "-1", "--format=%s", branch).startswith(
        "Change metric, metric_threshold"
    )
    for kind in KINDS:
        answers = yaml.safe_load(project.read(kind, ".copier-answers.yml", branch))
        assert (answers["metric"], answers["_commit"]) == ("mae", OLDEST)
    again = here("update", NAME, "--to", OLDEST, "--yes", "--json", *MAE)
    assert (again.code, again.document["changed"]) == (0, False)
    merge(project, OLDEST)
    done = here("update", NAME, "--to", OLDEST, "--yes", "--json", *MAE)
    assert (done.document["changed"], done.document["build"]["branch"]) == (False, None)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("metric=maee", "maee"),
        ("metrik=mae", "no question 'metrik'"),
        ("metric_threshold=lots", "metric_threshold"),
        ("project_name=other", "cannot be answered anew"),
        ("target=date", "target"),
    ],
)
def test_what_the_template_refuses_is_no_answer(project: Project, here: Here, data: str, why: str) -> None:
    state = project.state()
    refused = here("update", NAME, "--yes", "--json", "--data", data)
    assert refused.code == 2, refused.out
    assert why in refused.document["error"]["message"]
    assert project.state() == state


@pytest.mark.slow
def test_an_answer_that_the_template_has_dropped_stops_the_update(project: Project, own: Path, here: Here) -> None:
    fork.change(own / "copier.yml", "'regression': ['wape', 'mae', ", "'regression': ['wape', ")
    fork.release(own, "v3.0.0", "Nobody needs mae")
    state = project.state()
    for arguments in (["--yes"], ["--dry-run"], ["--all", "--yes"]):
        refused = here("update", *([] if "--all" in arguments else [NAME]), *arguments, "--json")
        assert refused.code == (1 if "--all" in arguments else 2), refused.out
        error = refused.document["error"]["message"] if "--all" not in arguments else refused.out
        assert "metric = 'mae' would become 'wape'" in error
        assert "--data metric=VALUE" in refused.out
        assert project.state() == state
    error = here("update", NAME, "--yes", "--json").document["error"]["message"]
    assert "['wape', 'rmse', 'mse', 'r2']" in error

    told = here("update", NAME, "--yes", "--json", "--data", "metric=rmse")
    assert told.code == 0, told.err
    answers = {one["question"]: one for one in told.document["build"]["answers"]}
    assert answers["metric"]["after"] == "rmse"
    config = tomllib.loads(project.read("build", "config.toml", "mlops-new/template-v3.0.0"))["evaluation"]
    assert (config["metric"], config["threshold"]) == ("rmse", 25)


@pytest.mark.slow
def test_a_threshold_of_another_problem_is_told_to_stay(project: Project, own: Path, here: Here) -> None:
    """What a default is made from was answered anew; the answer itself was not."""
    told = here("update", NAME, "--dry-run", "--json", "--data", "problem_type=multiclass_classification",
                "--data", "metric=accuracy", "--data", "history=no")  # fmt: skip
    assert told.code == 0, told.err
    assert {"question": "metric_threshold", "change": "kept", "before": 25, "after": 0.5} in told.document["build"][
        "answers"
    ]
    text = here("update", NAME, "--dry-run", "--data", "problem_type=multiclass_classification",
                "--data", "metric=accuracy", "--data", "history=no").out  # fmt: skip
    assert "metric_threshold stays 25 (the template's default is 0.5)" in text


@pytest.mark.slow
def test_new_dropped_and_retyped_answers_are_told(project: Project) -> None:
    """The newest version renames an answer, and writes `history` in words."""
    told = project.update()
    assert told.code == 0, told.err
    answers = {(one["question"], one["change"]): one for one in told.document["deploy"]["answers"]}
    assert answers["machine", "new"]["after"] == "ml.m5.xlarge"
    assert answers["instance_type", "dropped"]["before"] == "ml.m5.xlarge"
    assert answers["history", "changed"] == {"question": "history", "change": "changed", "before": True, "after": "yes"}


@pytest.mark.slow
def test_questions_that_are_included_count(project: Project, own: Path, here: Here) -> None:
    questions = (own / "copier.yml").read_text("utf-8")
    head, _, rest = questions.partition("monitoring:\n")
    (own / "more.yml").write_text(f"tier: {{type: str, default: gold}}\nmonitoring:\n{rest}", "utf-8")
    (own / "copier.yml").write_text(f"{head}\n---\n!include more.yml\n", "utf-8")
    fork.release(own, "v3.0.0", "Tiers")
    told = here("update", NAME, "--dry-run", "--json")
    assert told.code == 0, told.err
    assert {"question": "tier", "change": "new", "before": None, "after": "gold"} in told.document["build"]["answers"]
    (own / "more.yml").write_text(f"_migrations: [x]\nmonitoring:\n{rest}", "utf-8")
    fork.release(own, "v4.0.0", "Programs")
    refused = here("update", NAME, "--dry-run", "--json")
    assert (refused.code, "has migrations" in refused.out) == (2, True)


# --- the pure part ---


def test_an_answer_is_refused_where_another_stands_in_its_place() -> None:
    before = {"a": "mae", "b": True, "c": 1, "d": ["x", "y"], "e": "same", "f": "1"}
    after = {"a": "wape", "b": "yes", "c": "1", "d": ["x"], "e": "same", "f": 1, "g": 0}
    assert [one.question for one in refused(before, after)] == ["a", "d"]
    assert [(one.question, one.change) for one in changes(before, after)][-1] == ("g", Change.NEW)


def test_defaults_are_looked_at_where_they_may_have_moved() -> None:
    then = {"_x": 1, "a": {"default": 1}, "b": {"default": "{{ a }}"}, "c": {"default": "ab"}}
    now = {**then, "_x": 2, "c": {"default": "abc"}, "d": {"default": "{{ a }}"}}
    assert defaults_to_look_at(then, now, []) == {"c"}
    assert defaults_to_look_at(then, then, ["a"]) == {"b"}
    assert kept({"b": 1, "c": 2}, {"b": 1, "c": 3}, ["b", "c"]) == [Answer("c", Change.KEPT, 2, 3)]


def test_the_same_answers_leave_the_file_as_it_is() -> None:
    text = "# by hand\n_commit: v1\nb: [1]\n"
    assert answered_anew(text, {"b": [1]}) == text
    assert yaml.safe_load(answered_anew(text, {"b": [2], "a": "🍎"})) == {"_commit": "v1", "a": "🍎", "b": [2]}
