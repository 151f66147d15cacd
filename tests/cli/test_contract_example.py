"""The story of examples/09-contract, as its README tells it."""

from pathlib import Path

from controller.cli.answers import Exit
from tests.cli.conftest import Run

FOLDER = Path(__file__).parents[2] / "examples" / "09-contract"


def test_a_field_that_is_renamed_breaks_and_one_beside_it_does_not(run: Run) -> None:
    """By the exit code, for CI, and by what is said of the field."""
    told = {name: run("review", "-f", str(FOLDER / f"{name}.yaml"), "--against", str(FOLDER / "shop.yaml"))
            for name in ("shop-breaks", "shop-adds")}  # fmt: skip
    assert (told["shop-breaks"].code, told["shop-adds"].code) == (Exit.FAILED, Exit.OK)
    assert "### Level: High" in told["shop-breaks"].out
    assert "Field Order.total was removed" in told["shop-breaks"].out
    assert "- API: Compatible: contract shop-api (2 additions)" in told["shop-adds"].out
