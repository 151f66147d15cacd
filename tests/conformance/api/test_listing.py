"""Lists: selectors by label and field, pages, versions."""

import pytest

from tests.conformance.api.calls import Api, config_map, refusal, summary


def names(api: Api, **options: object) -> list[str]:
    """Of the ConfigMaps that a list brings, in its order, but for the one in every namespace."""
    return [i["metadata"]["name"] for i in api.list("configmaps", **options)["items"] if i["metadata"]["name"][0] == "l"]


@pytest.fixture
def five(api: Api) -> Api:
    """l0 to l4 with labels."""
    for number in (3, 1, 4, 0, 2):
        api.create("configmaps", config_map(f"l{number}", labels={"n": str(number), "app": "l"}))
    return api


def test_a_list_is_in_the_order_of_names_and_has_a_version(five: Api) -> None:
    """Items of built-in kinds come without kind; the version is at least that of the newest."""
    found = five.list("configmaps")
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert names(five) == ["l0", "l1", "l2", "l3", "l4"]
    assert "kind" not in found["items"][0] and "apiVersion" not in found["items"][0]
    assert int(found["metadata"]["resourceVersion"]) >= max(int(i["metadata"]["resourceVersion"]) for i in found["items"])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("n=1", ["l1"]), ("n==1", ["l1"]), ("n in (1,2)", ["l1", "l2"]), ("n notin (1,2),app", ["l0", "l3", "l4"]),
        ("n!=1,app=l", ["l0", "l2", "l3", "l4"]), ("!n", []), ("n,app=l,n!=0,n!=1", ["l2", "l3", "l4"]), ("app=x", []),
        ("other!=x", ["l0", "l1", "l2", "l3", "l4"]), ("n>2", ["l3", "l4"]), ("n<1", ["l0"]),
    ],
)  # fmt: skip
def test_labels_choose(five: Api, selector: str, expected: list[str]) -> None:
    """By equality, sets and presence."""
    assert names(five, labelSelector=selector) == expected


def test_fields_choose(five: Api) -> None:
    """By name and namespace, which every kind has."""
    assert names(five, fieldSelector="metadata.name=l3") == ["l3"]
    assert names(five, fieldSelector="metadata.name!=l3") == ["l0", "l1", "l2", "l4"]
    assert len(names(five, fieldSelector=f"metadata.namespace={five.namespace}")) == 5
    assert names(five, fieldSelector="metadata.name=l3", labelSelector="n=1") == []
    here = f"fieldSelector=metadata.namespace%3D{five.namespace}"
    everywhere = five.cluster.api("GET", f"/api/v1/configmaps?{here}&labelSelector=n")
    assert len(everywhere["items"]) == 5


@pytest.mark.parametrize(
    "options",
    [
        {"labelSelector": "n in (1"}, {"labelSelector": "a b"}, {"fieldSelector": "data.a=1"}, {"limit": "x"},
        {"continue": "nonsense"}, {"resourceVersion": "abc"},
    ],
)  # fmt: skip
def test_a_list_that_makes_no_sense_is_a_bad_request(api: Api, options: dict[str, str]) -> None:
    """400."""
    assert summary(refusal(lambda: api.list("configmaps", **options)))[:2] == (400, "BadRequest")


def test_pages_are_of_one_moment(five: Api) -> None:
    """What is written between two pages is in neither; the version is the first page's; the last has no `continue`."""
    chosen = {"labelSelector": "app=l", "limit": 2}
    first = five.list("configmaps", **chosen)
    five.create("configmaps", config_map("l1b", labels={"app": "l"}))
    five.delete("configmaps", "l3")
    second = five.list("configmaps", **chosen, **{"continue": first["metadata"]["continue"]})
    third = five.list("configmaps", **chosen, **{"continue": second["metadata"]["continue"]})
    pages = (first, second, third)
    assert [[i["metadata"]["name"] for i in page["items"]] for page in pages] == [["l0", "l1"], ["l2", "l3"], ["l4"]]
    assert len({page["metadata"]["resourceVersion"] for page in pages}) == 1
    assert "continue" not in third["metadata"]


def test_a_full_page_says_how_many_remain(five: Api) -> None:
    """Where no selector makes that unknown."""
    found = five.list("configmaps", limit=2)["metadata"]
    assert found["remainingItemCount"] == 4  # With the one in every namespace.
    assert "remainingItemCount" not in five.list("configmaps", limit=2, labelSelector="app=l")["metadata"]


def test_any_version_will_do_for_zero_and_none_of_the_future(five: Api) -> None:
    """`resourceVersion=0` is served from memory; a version that is yet to come times out."""
    five.cluster.wait_for(lambda: len(names(five, resourceVersion="0")) == 5, what="the cache has them")
    failure = refusal(lambda: five.list("configmaps", resourceVersion="99999999"))
    assert summary(failure)[:2] == (504, "Timeout")
    assert "Too large resource version: 99999999" in failure.message
