"""How pictures look: text large enough, colours only as variables, and with contrast in both themes."""

import re

import pytest

from kan.diagram import diagram
from tests.kan.networks import mixed_network, random_network


def test_text_is_never_below_twelve_px_and_colours_are_variables() -> None:
    for theme in ("light", "dark", "auto"):
        text = diagram(mixed_network(), theme=theme, pruned=True)
        assert all(int(size) >= 12 for size in re.findall(r"(\d+)px", text.split("</style>")[0]) if int(size) > 3)
        marks = text.split("</style>")[1]
        assert not re.search(r"#[0-9a-f]{3,6}|fill=|stroke=|style=", marks)


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_contrast(theme: str) -> None:
    found = dict(re.findall(r"--kan-(\w+):(#[0-9a-f]{6})", diagram(random_network(1, 1), theme=theme)))
    # WCAG 2.2: 4.5 for text, 3 for marks that carry meaning.
    wanted = {"ink": 4.5, "muted": 4.5, "curve": 4.5, "symbolic": 4.5, "frame": 3, "line": 3}
    for name, least in wanted.items():
        one, other = sorted((luminance(found[name]), luminance(found["surface"])))
        assert (other + 0.05) / (one + 0.05) >= least, name
