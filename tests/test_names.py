import pytest

from mlops_new.errors import Invalid
from mlops_new.names import LONGEST_NAME, Kind, Mark, parse_mark, slug, valid_name


@pytest.mark.parametrize("name", ["fresh-sales", "ab", "a1", "a" * LONGEST_NAME, "x-1-y"])
def test_names_that_bitbucket_and_sagemaker_take(name: str) -> None:
    assert valid_name(name) == name
    assert len(slug(name, Kind.DEPLOY)) <= 62


@pytest.mark.parametrize(
    "name",
    ["", "a", "Fresh", "fresh sales", "-fresh", "fresh-", "fresh--sales", "1fresh", "fresh_sales", "färsk", "a/b", "..",
     "a" * (LONGEST_NAME + 1), "fresh\n"],
)  # fmt: skip
def test_names_that_one_of_them_refuses(name: str) -> None:
    with pytest.raises(Invalid, match="cannot be a project's name") as refused:
        valid_name(name)
    assert refused.value.code == 2
    assert refused.value.hint.startswith("for example: ")


def test_the_hint_is_a_name_that_works() -> None:
    with pytest.raises(Invalid) as refused:
        valid_name("1 Fresh__Sales (North)!")
    assert valid_name(refused.value.hint.removeprefix("for example: ")) == "fresh-sales-north"


def test_a_mark_reads_back() -> None:
    mark = Mark("fresh-sales", "build")
    assert parse_mark(str(mark)) == mark


@pytest.mark.parametrize("line", ["", "Unnamed repository", "mlops-new: project=x", "project=x repository=build"])
def test_what_is_not_a_mark(line: str) -> None:
    assert parse_mark(line) is None
