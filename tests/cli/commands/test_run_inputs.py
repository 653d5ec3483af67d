"""What a file is called where it was uploaded to: its URI fits into every request that it becomes a part of."""

from pathlib import Path

import pytest

from mlops_new.cli.commands.run_inputs import _plain, _plainly_named
from mlops_new.platforms.local.platform import LocalObjects
from mlops_new.platforms.local.store.object_store import ObjectStore


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("sales.csv", "sales.csv"),
        ("räksmörgås-2026_1.csv", "räksmörgås-2026_1.csv"),
        ("data (1).csv", "data__1_.csv"),
        ("a\"b'c$d%e{f}g:h\ni.csv", "a_b_c_d_e_f_g_h_i.csv"),
        ("x" * 200 + ".csv.gz", "x" * 41 + ".csv.gz"),
        ("x" * 48, "x" * 48),
        ("x" * 49, "x" * 48),
    ],
)
def test_a_name_is_plain_and_short_and_keeps_its_ending(name: str, plain: str) -> None:
    assert _plain(name) == plain


@pytest.mark.parametrize("name", ["odd \"name' $x.csv", "line\nbreak.csv", "y" * 240 + ".csv"])
def test_a_file_of_any_name_is_uploaded_with_its_content(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("a\n1\n", encoding="utf-8")
    objects = LocalObjects(ObjectStore(tmp_path / "home"))
    with _plainly_named(file) as path:
        uri = objects.upload(path, project="p" * 55, kind="data")
    assert objects.read(uri) == b"a\n1\n"
    assert not objects.store.path(uri).is_symlink()
    assert uri.isprintable()
    assert len(uri) < 256 - 63 + len("mlops-new")


def test_a_folder_of_any_name_is_uploaded_with_what_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / 'parts: "all"'
    (folder / "region=north").mkdir(parents=True)
    (folder / "region=north" / "part-0.csv").write_text("a\n1\n", encoding="utf-8")
    objects = LocalObjects(ObjectStore(tmp_path / "home"))
    with _plainly_named(folder) as path:
        uri = objects.upload(path, project="sales", kind="data")
    assert uri.endswith("/parts___all_")
    assert objects.read(f"{uri}/region=north/part-0.csv") == b"a\n1\n"
