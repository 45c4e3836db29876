from __future__ import annotations

import pytest

from whyrst.reports.svg.palette import DARK, HARM, LIGHT, PAINT, css, variables

TEXTS = ("text", "muted", "link", "alarm", "warn", "good", "odd")
GROUNDS = ("ground", "panel", "raised", "alarm-ground")


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, two):
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read_on_every_ground(colours, ground, text):
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_marks_and_shapes_stand_out(colours):
    assert contrast(colours["on-mark"], colours["mark"]) >= 4.5
    for shape in ("ink", "alarm", "mark", "opening", "established"):
        assert contrast(colours[shape], colours["ground"]) >= 3, shape


def test_both_grounds_name_the_same_colours():
    assert LIGHT.keys() == DARK.keys()
    assert set(HARM.values()) | {c for paint in PAINT.values() for c in paint.values()} <= LIGHT.keys()


def test_the_style_follows_the_reader_or_a_class():
    style = css()
    assert "@media (prefers-color-scheme:dark)" in style
    assert f".whyrst.dark .text,.dark .whyrst .text{{fill:{DARK['text']}}}" in style
    assert f".whyrst.light .text,.light .whyrst .text{{fill:{LIGHT['text']}}}" in style
    assert all(line.startswith((".whyrst", ".light", ".dark", "@media", "}")) for line in style.splitlines())
    assert f"--text:{DARK['text']}" in variables()
