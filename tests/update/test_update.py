"""`mlops-new update`: three versions of a template, and a project whose people have edited everything."""

import json
import tomllib
from collections.abc import Callable

import pytest
import yaml

from tests.e2e.program import mlops_new
from tests.update.conftest import KINDS, NAME, Here, Project, instead
from tests.update.fork import MIDDLE, NEWEST, OLDEST, git

BRANCH = f"mlops-new/template-{NEWEST}"


def after(line: str) -> Callable[[str], str]:
    return lambda text: f"{text}{line}\n"


LARGER = instead("ml.m5.xlarge", "ml.m5.2xlarge")


def edit_everything(project: Project) -> None:
    """An edit in every kind of file, none where the template has changed the same lines."""
    build: dict[str, Callable[[str], str] | None] = {
        "config.toml": lambda text: LARGER(instead("exclude = []", 'exclude = ["rain_forecast"]')(text)),
        "steps/evaluate.py": after("# ours"),
        "model/features.py": after("# ours"),
        "README.md": after("Ours."),
        "bitbucket-pipelines.yml": instead("name: Test", "name: Really test"),
        "pipeline.json": LARGER,
        "data/README.md": after("Ours."),
        "notes.txt": lambda _: "ours\n",
    }
    project.edit("build", build)
    project.edit("deploy", {"steps/decide.py": None, "tests/test_preprocess.py": None, "config.toml": LARGER})


def test_what_people_edited_lives_and_what_the_template_changed_arrives(project: Project) -> None:
    edit_everything(project)
    before = {kind: git(project.hosted(kind), "rev-parse", "main") for kind in KINDS}
    told = project.update()
    assert told.code == 0, told.err
    build, deploy = told.document["build"], told.document["deploy"]
    assert (build["from"], build["to"], build["branch"]) == (OLDEST, NEWEST, BRANCH)

    config = tomllib.loads(project.read("build", "config.toml"))
    assert config["data"]["exclude"] == ["rain_forecast"]
    assert config["model"]["hyperparameters"]["learning_rate"] == 0.05
    assert config["instances"]["training"] == "ml.m5.2xlarge"
    assert "[history]" in project.read("build", "config.toml")
    for file, ours, theirs in (
        ("steps/evaluate.py", "# ours", "By acme."),
        ("README.md", "Ours.", "Ask acme first."),
        ("bitbucket-pipelines.yml", "Really test", "At acme, what CI does"),
        ("pipeline.json", "ml.m5.2xlarge", "not known"),
    ):
        text = project.read("build", file)
        assert ours in text, file
        assert theirs in text, file
    json.loads(project.read("build", "pipeline.json"))
    assert project.read("build", "notes.txt") == "ours"
    assert set(build["merged"]) == {
        "README.md", "bitbucket-pipelines.yml", "config.toml", "pipeline.json", "steps/evaluate.py"
    }  # fmt: skip

    assert build["kept"] == ["data/README.md"]
    assert "Ours." in project.read("build", "data/README.md")
    assert deploy["stays_deleted"] == ["steps/decide.py"]
    assert not {"steps/decide.py", "tests/test_preprocess.py"} & project.files("deploy", BRANCH)
    assert "OWNERS.md" in project.files("deploy", BRANCH)
    assert {"path": "OWNERS.md", "change": "added", "added": 3, "removed": 0} in deploy["files"]

    for kind in KINDS:
        answers = yaml.safe_load(project.read(kind, ".copier-answers.yml"))
        assert (answers["_commit"], answers["machine"], answers["history"]) == (NEWEST, "ml.m5.xlarge", "yes")
        assert "instance_type" not in answers
        assert git(project.hosted(kind), "rev-parse", "main") == before[kind]
        assert git(project.hosted(kind), "rev-parse", f"{BRANCH}^") == before[kind]
        assert git(project.copy(kind), "rev-parse", f"origin/{BRANCH}")

    state = project.state()
    again = project.update()
    assert (again.code, again.document["changed"]) == (0, False)
    assert project.state() == state

    for kind in KINDS:
        git(project.copy(kind), "merge", "--quiet", f"origin/{BRANCH}")
        git(project.copy(kind), "push", "--quiet", "origin", "main")
    done = project.update()
    assert (done.code, done.document["changed"], done.document["build"]["branch"]) == (0, False, None)


@pytest.mark.slow
def test_version_by_version_comes_to_the_same(project: Project) -> None:
    for version in (MIDDLE, NEWEST):
        assert project.update(to=version.removeprefix("v")).code == 0
        for kind in KINDS:
            git(project.copy(kind), "merge", "--quiet", f"origin/mlops-new/template-{version}")
            git(project.copy(kind), "push", "--quiet", "origin", "main")
    assert "OWNERS.md" not in project.files("build", "main")
    assert project.files("deploy", "main") == project.files("deploy", BRANCH)
    assert yaml.safe_load(project.read("build", ".copier-answers.yml", "main"))["_commit"] == NEWEST
    older = project.update(to=OLDEST)
    assert older.code == 2
    assert "is older" in older.document["error"]["message"]


def test_a_dry_run_tells_every_file_and_touches_nothing(project: Project, here: Here) -> None:
    edit_everything(project)
    before = project.state()
    told = here("update", NAME, "--dry-run")
    assert told.code == 0
    for line in (
        "changed  config.toml (+1 -1)",
        "added    OWNERS.md (+3 -0)",
        "kept, decide whether it is needed: data/README.md",
        "stays deleted: steps/decide.py",
    ):
        assert line in told.out
    assert project.state() == before


@pytest.mark.slow
def test_looking_needs_no_git_identity(project: Project, here: Here, request: pytest.FixtureRequest) -> None:
    edit_everything(project)
    request.getfixturevalue("unknown_to_git")
    assert here("update", NAME, "--dry-run").code == 0
    refused = here("update", NAME, "--yes")
    assert (refused.code, "does not know who you are" in refused.err) == (1, True)


def test_without_a_terminal_nothing_happens_without_yes(project: Project, here: Here) -> None:
    before = project.state()
    refused = here("update", NAME)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert project.state() == before


# --- conflicts ---


def clash(project: Project) -> None:
    project.edit(
        "build",
        {
            "config.toml": instead("learning_rate = 0.2", "learning_rate = 0.3"),
            "pipeline.json": instead('"DefaultValue": "unknown"', '"DefaultValue": "ours"'),
        },
    )


def test_a_conflict_is_told_and_nothing_is_pushed(project: Project) -> None:
    clash(project)
    before = project.state()
    told = project.update()
    assert told.code == 1
    assert "conflicts with template v2.0.0 in 2 files, nothing was pushed" in told.document["error"]["message"]
    conflicts = {one["path"]: one["reason"] for one in told.document["build"]["conflicts"]}
    assert set(conflicts) == {"config.toml", "pipeline.json"}
    assert "make definition" in conflicts["pipeline.json"]
    assert "--resolve" in told.document["error"]["hint"]
    assert project.state() == before
    assert project.update(dry_run=True).code == 0


@pytest.mark.slow
def test_a_conflict_is_told_apart_from_what_merged_whatever_the_file_is_called(project: Project) -> None:
    """Git tells of states by a letter, which is also the first of this file's name."""
    project.edit("build", {"README.md": instead("## The container", "## Our container")})
    told = project.update(dry_run=True)
    assert (told.code, told.err) == (0, "")
    build = told.document["build"]
    assert [one["path"] for one in build["conflicts"]] == ["README.md"]
    assert {one["path"]: one["change"] for one in build["files"]} == {
        "bitbucket-pipelines.yml": "changed",
        "config.toml": "changed",
        "data/README.md": "deleted",
        "jobs.py": "changed",
        "pipeline.json": "changed",
        "steps/evaluate.py": "changed",
    }


@pytest.mark.slow
def test_a_conflict_is_resolved_in_the_working_copies(project: Project, here: Here) -> None:
    clash(project)
    build, hosted = project.copy("build"), git(project.hosted("deploy"), "for-each-ref")
    assert project.update(go_on=True).code == 2
    begun = project.update(resolve=True)
    assert begun.code == 0, begun.err
    assert "<<<<<<<" in (build / "config.toml").read_text("utf-8")
    assert json.loads((build / "pipeline.json").read_text("utf-8"))
    assert git(project.copy("deploy"), "rev-parse", "--abbrev-ref", "HEAD") == BRANCH
    assert git(project.hosted("deploy"), "for-each-ref") == hosted

    early = project.update(go_on=True)
    assert early.code == 1
    assert "config.toml is in conflict" in early.document["error"]["message"]
    assert "--continue" in project.update().err

    ours = (build / "config.toml").read_text("utf-8").replace("=======", "")
    (build / "config.toml").write_text(ours, "utf-8")
    git(build, "add", "--all")
    marked = project.update(go_on=True)
    assert "config.toml has conflict markers" in marked.document["error"]["message"]

    lines = [line for line in ours.splitlines() if not line.startswith(("<<<<<<<", ">>>>>>>", "learning_rate = 0.05"))]
    (build / "config.toml").write_text("\n".join(lines) + "\n", "utf-8")
    git(build, "add", "--all")
    (build / "left.txt").touch()
    assert "left.txt is neither added nor ignored" in project.update(go_on=True).document["error"]["message"]
    (build / "left.txt").unlink()
    done = here("update", "--continue", "--yes", "--json", "-C", build)
    assert done.code == 0, done.err
    assert tomllib.loads(project.read("build", "config.toml"))["model"]["hyperparameters"]["learning_rate"] == 0.3
    assert {project.read(kind, ".copier-answers.yml").count(NEWEST) for kind in KINDS} == {1}
    assert project.update().document["changed"] is False


# --- what stands in the way: one clear line, and nothing changed ---


def dirty(project: Project) -> None:
    (project.copy("build") / "README.md").write_text("x", "utf-8")


def shallow(project: Project) -> None:
    project.edit("deploy", {"notes.txt": after("x")})
    project.copy("deploy").rename(project.folder / "old")
    git(project.folder, "clone", "--quiet", "--depth=1", f"file://{project.hosted('deploy')}", f"{NAME}-deploy")
    git(project.copy("deploy"), "remote", "set-url", "origin", project.hosted("deploy"))


def detached(project: Project) -> None:
    git(project.copy("build"), "checkout", "--quiet", "--detach")


def unpushed(project: Project) -> None:
    git(project.copy("build"), "commit", "--quiet", "--allow-empty", "--message", "x")


def other_origin(project: Project) -> None:
    git(project.copy("build"), "remote", "set-url", "origin", "https://example.com/x.git")


def record(old: str, new: str) -> Callable[[Project], None]:
    def edit(project: Project) -> None:
        project.edit("build", {".copier-answers.yml": instead(old, new)})

    return edit


def diverged(project: Project) -> None:
    git(project.copy("deploy"), "checkout", "--quiet", "-b", BRANCH)
    git(project.copy("deploy"), "commit", "--quiet", "--allow-empty", "--message", "theirs")
    git(project.copy("deploy"), "push", "--quiet", "origin", BRANCH)
    git(project.copy("deploy"), "checkout", "--quiet", "main")


def foreign(project: Project) -> None:
    (project.hosted("deploy") / "description").write_text("by hand", "utf-8")


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    ("happens", "code", "why"),
    [
        (dirty, 1, "uncommitted changes"),
        (shallow, 1, "shallow clone"),
        (detached, 1, "detached HEAD"),
        (unpushed, 1, "has commits that"),
        (other_origin, 3, "has the origin"),
        (record(f"_commit: {OLDEST}", "_commit: v0.9.9"), 2, "has no tag v0.9.9"),
        (record(f"_commit: {OLDEST}", "_commit: v1.0.0-1-gabcdef0"), 2, "which is no tag"),
        (record(f"_commit: {OLDEST}\n", ""), 2, "does not record which template version"),
        (record("_src_path: ", "_src_path: /nowhere"), 2, "come from two templates"),
        (diverged, 3, "has diverged"),
        (foreign, 3, "was not made for"),
    ],
)  # fmt: skip
def test_what_is_refused(project: Project, happens: Callable[[Project], None], code: int, why: str) -> None:
    happens(project)
    before = project.state()
    refused = project.update()
    assert refused.code == code, refused.err
    error = refused.document["error"]
    assert why in error["message"]
    assert error["hint"]
    assert "\n" not in error["message"]
    assert project.state() == before


@pytest.mark.slow
def test_a_moved_tag(project: Project) -> None:
    sha = git(project.template, "rev-parse", f"{OLDEST}^{{commit}}")
    for kind in KINDS:
        project.edit(kind, {".copier-answers.yml": instead(sha, "1" * 40)})
    before = project.state()
    refused = project.update()
    assert refused.code == 3
    assert f"the tag {OLDEST} of" in refused.document["error"]["message"]
    assert "was moved" in refused.document["error"]["message"]
    assert project.state() == before


@pytest.mark.slow
def test_an_unreachable_template_repository(project: Project, here: Here) -> None:
    for kind in KINDS:
        project.edit(kind, {".copier-answers.yml": instead(str(project.template), "/nowhere/acme.git")})
    before = project.state()
    refused = project.update()
    assert refused.code == 1
    assert "the template repository /nowhere/acme.git cannot be read" in refused.document["error"]["message"]
    assert "template switch" in refused.document["error"]["hint"]
    assert project.state() == before
    assert "cannot be read" in " ".join(here("status", NAME, "--json").document["differences"])


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--all"], "exclude each other"),
        (["--to", "v9"], "has no version v9"),
        (["--template", "x"], "No such option"),
    ],
)
def test_input_that_is_refused(project: Project, here: Here, arguments: list[str], why: str) -> None:
    refused = here("update", NAME, "--yes", "--json", *arguments)
    assert refused.code == 2
    assert why in refused.document["error"]["message"]


# --- what a lost merge leaves ---


@pytest.mark.slow
def test_files_that_lag_behind_what_is_recorded_are_found_and_brought(project: Project) -> None:
    """`_commit` says the newest, but a file is as it was, and another never came."""
    assert project.update().code == 0
    kept = {file: project.read("build", file, "main") for file in ("steps/evaluate.py", "README.md")}
    for kind in KINDS:
        git(project.copy(kind), "merge", "--quiet", f"origin/{BRANCH}")
        git(project.copy(kind), "push", "--quiet", "origin", "main")
        git(project.hosted(kind), "branch", "--quiet", "-D", BRANCH)
    project.edit("build", {"steps/evaluate.py": lambda _: kept["steps/evaluate.py"] + "\n"})
    project.edit("build", {"model/features.py": after("# ours")})
    told = project.update()
    assert told.code == 0, told.err
    assert told.document["build"]["lagged"] == ["steps/evaluate.py"]
    assert [one["path"] for one in told.document["build"]["files"]] == ["steps/evaluate.py"]
    assert told.document["deploy"]["branch"] is None
    assert "By acme." in project.read("build", "steps/evaluate.py")
    assert "# ours" in project.read("build", "model/features.py")


@pytest.mark.slow
def test_plain_copier_update_still_works_without_trust(project: Project) -> None:
    import copier

    edit_everything(project)
    copier.run_update(project.copy("build"), vcs_ref=NEWEST, defaults=True, overwrite=True, quiet=True)
    answers = yaml.safe_load((project.copy("build") / ".copier-answers.yml").read_text("utf-8"))
    assert answers["_commit"] == NEWEST


def test_the_program_as_it_is_installed(project: Project) -> None:
    told = mlops_new("update", "--dry-run", cwd=project.copy("deploy") / "steps")
    assert told.code == 0, told.err
    assert f"{NAME}-build" in told.out
