"""PNG of a picture: names of columns are in it, or it is refused."""

from __future__ import annotations

import pytest

from kan.diagram_theme import picture
from service.domain.errors import PngUnavailable
from service.domain.pictures import png_of


def drawn(marks: str) -> bytes:
    return png_of(picture(marks, 100, 40, "", "light"), 1.0)


def test_text_leaves_a_mark() -> None:
    assert drawn('<text x="5" y="20">age</text>') != drawn("")


def test_colours_that_are_variables_are_drawn() -> None:
    curve = '<path class="c" d="M5 5 L90 30"/>'
    assert len({drawn(""), drawn(curve), drawn(f'<g class="symbolic">{curve}</g>')}) == 3


def test_picture_without_any_font_is_refused_instead_of_drawn_without_names() -> None:
    with pytest.raises(PngUnavailable, match="font"):
        png_of(picture("", 100, 40, "", "light"), 1.0, fonts=False)


def test_colours_written_in_a_name_stay_as_they_are() -> None:
    name = '<text x="5" y="20">var(--kan-nothing)</text>'
    assert drawn(name) != drawn("")
