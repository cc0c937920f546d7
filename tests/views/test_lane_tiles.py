"""Rows of a history as SVG tiles."""

from __future__ import annotations

from xml.etree import ElementTree

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.lanes import lane_rows
from dashboard.revisions.records import RevisionRecord
from dashboard.views.lane_tiles import MOST_LANES, Tile, draw_tiles


def draw(*revisions: tuple[str, tuple[str, ...]], depends: dict[str, tuple[str, ...]] | None = None) -> dict[str, Tile]:
    """Tiles by revision, from (revision, down revisions)."""
    graph = RevisionGraph(
        [RevisionRecord(r, down_revision=down, depends_on=(depends or {}).get(r, ())) for r, down in revisions]
    )
    lanes = lane_rows(graph)
    tiles = draw_tiles(lanes[:], lanes.width, frozenset(graph.merge_points))
    return dict(zip((row.revision for row in lanes[:]), tiles, strict=True))


def test_a_straight_history_is_one_line() -> None:
    """a <- b"""
    tiles = draw(("a", ()), ("b", ("a",)))

    (down,), (up,) = tiles["b"].strokes, tiles["a"].strokes
    assert (down.x, down.top, down.bottom) == (12, "17", "100%")
    assert (up.x, up.top, up.bottom) == (12, "0", "17")


def test_a_branch_curves_into_its_branch_point_and_a_merge_point_is_a_lozenge() -> None:
    """a <- b, a <- c, (b, c) <- d"""
    tiles = draw(("a", ()), ("b", ("a",)), ("c", ("a",)), ("d", ("b", "c")))

    assert tiles["d"].is_merge and not tiles["a"].is_merge
    assert [bool(stroke.path) for stroke in tiles["d"].strokes].count(True) == 1
    assert any(stroke.path for name in "abc" for stroke in tiles[name].strokes)


def test_a_dependency_is_drawn_as_one() -> None:
    """a, b depends on a"""
    tiles = draw(("a", ()), ("b", ()), depends={"b": ("a",)})

    assert all(stroke.is_dependency for tile in tiles.values() for stroke in tile.strokes)
    assert any(tile.strokes for tile in tiles.values())


def test_many_lanes_widen_every_tile_alike() -> None:
    """Eight heads on one base."""
    tiles = draw(("a", ()), *((f"h{n}", ("a",)) for n in range(8)))

    assert len({tile.width for tile in tiles.values()}) == 1
    assert max(tile.x for tile in tiles.values()) < next(iter(tiles.values())).width


def test_lanes_beyond_the_twelfth_share_one_place() -> None:
    """Two hundred branches that all end at one merge point."""
    tips = tuple(f"h{n}" for n in range(200))
    tiles = draw(("a", ()), *((tip, ("a",)) for tip in tips), ("z", tips))

    assert max(tile.width for tile in tiles.values()) == 12 * 2 + 14 * MOST_LANES
    assert max(len(tile.strokes) for tile in tiles.values()) < 4 * MOST_LANES
    assert any(stroke.is_bundle for stroke in tiles["h100"].strokes)


def test_a_tile_is_well_formed_svg() -> None:
    """a <- b, a <- c needs b"""
    for tile in draw(("a", ()), ("b", ("a",)), ("c", ("a",)), depends={"c": ("b",)}).values():
        spacer, lanes = ElementTree.fromstring(f"<p>{tile.draw('pending')}</p>")

        assert spacer.get("width") == lanes.get("width")
        assert lanes[-1].get("class", "").endswith("pending")
