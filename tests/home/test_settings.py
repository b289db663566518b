"""Settings: which source wins, what is refused, and that secrets stay references."""

from pathlib import Path

import pytest

from home.errors import SettingError
from home.settings import configure, secret


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text("port = 1\nalpha = 0.2\nrate = 60.0\n[rest.erp]\nx = 1\n")
    found = configure({"home": tmp_path, "port": 3}, {"BATON_PORT": "2", "BATON_ALPHA": "0.3"})
    assert (found.settings.port, found.settings.alpha, found.settings.rate) == (3, 0.3, 60.0)
    assert found.settings.host == "127.0.0.1"
    assert found.origins["port"] == "flag"
    assert found.origins["alpha"] == "BATON_ALPHA"
    assert found.origins["rate"].endswith("baton.toml")
    assert found.origins["host"] == "default"


def test_an_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text("prot = 1\n")
    with pytest.raises(SettingError, match="'prot'"):
        configure({"home": tmp_path}, {})


def test_a_value_of_the_wrong_type_names_its_origin(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"'port' from BATON_PORT.*'many'"):
        configure({"home": tmp_path}, {"BATON_PORT": "many"})


def test_tuples_are_written_with_commas(tmp_path: Path) -> None:
    found = configure({"home": tmp_path}, {"BATON_ALLOWED_HOSTS": "a.example, b.example"})
    assert found.settings.allowed_hosts == ("a.example", "b.example")


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text("port = = 1\n")
    with pytest.raises(SettingError, match=r"baton\.toml is not readable TOML"):
        configure({"home": tmp_path}, {})


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_OF_TEST", "s3cret")
    (tmp_path / "key").write_text("k3y\n")
    assert secret("env:PASSWORD_OF_TEST") == "s3cret"
    assert secret(f"file:{tmp_path / 'key'}") == "k3y"


def test_a_literal_secret_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingError) as error:
        secret("hunter2")
    assert "hunter2" not in str(error.value)


def test_a_misspelt_table_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text("[alrts]\nper_hour = 3\n")
    with pytest.raises(SettingError, match="no table 'alrts'") as refused:
        configure({"home": tmp_path}, {})
    assert "Did you mean alerts?" in refused.value.hint
