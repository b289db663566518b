"""Generating is repeatable, complete and documented."""

import csv
import gzip
import hashlib
import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data.generate import Manifest, generate, main
from data.sources import SOURCES

DATA = Path(__file__).parents[2] / "data"


def contents(folder: Path) -> dict[str, str]:
    """A fingerprint of what each file holds, whatever the versions of SQLite and zlib that wrote it."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as database:
                content = "\n".join(database.iterdump()).encode()
        elif path.suffix == ".gz":
            content = gzip.decompress(path.read_bytes())
        else:
            content = path.read_bytes()
        found[path.name] = hashlib.sha256(content).hexdigest()
    return found


def test_a_seed_makes_the_same_company_again(tmp_path: Path) -> None:
    for name in ("one", "again"):
        generate(tmp_path / name, seed=3, scale=0.02)
    generate(tmp_path / "other", seed=4, scale=0.02)
    one, again, other = (contents(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    changed = {name for name in one if one[name] != other[name]}
    assert changed == set(one) - {"p2p.sql", "calendars.json"}


def test_the_committed_samples_are_made_by_this_generator(tmp_path: Path) -> None:
    generate(tmp_path, scale=0.03)
    assert contents(DATA / "samples") == contents(tmp_path), (
        "run: python -m data.generate --out data/samples --scale 0.03"
    )
    assert sum(path.stat().st_size for path in (DATA / "samples").iterdir()) < 1_500_000


def test_a_company_can_be_made_again_over_an_older_one(tmp_path: Path) -> None:
    again, fresh = tmp_path / "again", tmp_path / "fresh"
    generate(again, scale=0.02)
    generate(again, seed=8, scale=0.02)
    generate(fresh, seed=8, scale=0.02)
    assert contents(again) == contents(fresh)


def test_every_source_exists_and_its_command_is_in_the_readme(company: Manifest) -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", readme, flags=re.DOTALL)).replace("\\\n", " ")
    commands = [shlex.split(line) for line in blocks.splitlines()]
    for source in company.sources:
        assert (company.folder / source.file).is_file()
        assert ["baton", *source.arguments] in commands, f"README does not tell how to ingest {source.file}"
    assert company.sources == SOURCES


def test_a_source_can_be_ingested_from_any_folder(company: Manifest) -> None:
    erp = company.sources[0].arguments_in(company.folder)
    assert Path(erp[1]).is_file()
    assert Path(erp[erp.index("--query") + 1].removeprefix("@")).is_file()
    assert len(erp) == len(company.sources[0].arguments)


def test_truth_accounts_for_every_second(company: Manifest) -> None:
    document = json.loads((company.folder / "truth.json").read_text(encoding="utf-8"))
    assert document == company.truth
    with gzip.open(company.folder / "truth_waiting.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name, process in document["processes"].items():
        mine = [row for row in rows if row["log"] == name]
        for cause, seconds in process["waiting_s"].items():
            assert seconds == sum(int(row[cause]) for row in mine)
            assert seconds == sum(of[cause] for of in process["waiting_by_activity_s"].values())
        waited = sum(int(row["start"]) - int(row["enabled"]) for row in mine)
        assert waited == sum(process["waiting_s"].values())


def test_the_readme_tells_the_true_hours_of_waiting(company: Manifest) -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for name, process in company.truth["processes"].items():
        hours = " | ".join(f"{seconds / 3600:,.0f}" for seconds in process["waiting_s"].values())
        assert f"| `{name}` | {hours} |" in readme


def test_purchase_to_pay_hurts_most(company: Manifest) -> None:
    per_case = {
        name: sum(seconds for cause, seconds in process["waiting_s"].items() if cause != "extraneous")
        / process["cases"]
        for name, process in company.truth["processes"].items()
    }
    assert max(per_case, key=lambda name: per_case[name]) == "p2p"
    assert sorted(per_case.values())[-2] < per_case["p2p"] / 4
    assert min(per_case, key=lambda name: per_case[name]) == "onboarding"


def test_calendars_name_everybody_once(company: Manifest) -> None:
    calendars = json.loads((company.folder / "calendars.json").read_text(encoding="utf-8"))
    assert calendars["Martina Brandt"] == [{"days": ["TUE", "THU"], "from": "09:00", "to": "13:00"}]
    with closing(sqlite3.connect(company.folder / "erp.sqlite")) as database:
        users = [name for (name,) in database.execute("select full_name from users")]
    assert len(users) == len(set(users))
    assert set(users) < set(calendars)


def test_the_erp_keeps_its_references(company: Manifest) -> None:
    with closing(sqlite3.connect(company.folder / "erp.sqlite")) as database:
        assert database.execute("pragma foreign_key_check").fetchall() == []


def test_the_command_line_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--scale", "0.02"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(r"p2p: \d+ cases", said.err)


def test_even_a_company_without_orders_has_all_its_files(company: Manifest, tmp_path: Path) -> None:
    made = generate(tmp_path, scale=0.0001)
    assert made.truth["processes"]["p2p"]["cases"] == 0
    assert set(contents(tmp_path)) == set(contents(company.folder))


@pytest.mark.parametrize("scale", ["0", "-1", "11"])
def test_a_senseless_scale_is_refused(scale: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--out", str(tmp_path / "none"), "--scale", scale])
    assert refused.value.code == 1
    assert "above 0 and at most 10" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
