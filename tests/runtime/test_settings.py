"""The settings: read once, and every mistake is told by the variable's name."""

import pytest

from controller import __main__ as program
from controller.settings import PREFIX, Settings, SettingsError, load


def test_every_setting_is_the_variable_of_its_name() -> None:
    """Numbers and lists are read from text; what is not ours is not looked at."""
    found = load({f"{PREFIX}WORKERS": "3", f"{PREFIX}WATCH_NAMESPACES": "shop, pay,", "PATH": "/bin"})
    assert found == Settings(workers=3, watch_namespaces=("shop", "pay"))


@pytest.mark.parametrize(("name", "value", "said"), [
    ("WORKERS", "many", "valid integer"), ("WORKERS", "0", "greater than or equal to 1"),
    ("NOTIFICATIONS", "events.example.com", "Expecting value"),
    ("LOG_FORMAT", "xml", "'json' or 'text'"),
    ("HEALTH_PORT", "99999", "less than or equal to 65535"), ("WORKRES", "3", "not permitted"),
])  # fmt: skip
def test_a_wrong_or_unknown_variable_is_named_with_what_it_may_be(name: str, value: str, said: str) -> None:
    """With the value that was given."""
    with pytest.raises(SettingsError) as caught:
        load({PREFIX + name: value})
    assert str(caught.value).startswith(f"{PREFIX}{name}: ")
    assert said in str(caught.value)
    assert repr(value) in str(caught.value)


def test_the_program_ends_at_once_with_2_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """No half-started controller, and no traceback."""
    monkeypatch.setenv(f"{PREFIX}WORKERS", "-1")
    assert program.main(["run"]) == 2
    assert capsys.readouterr().err.startswith(f"release-coordinator: {PREFIX}WORKERS: ")
    assert program.main(["dance"]) == 2
    assert "usage:" in capsys.readouterr().err
