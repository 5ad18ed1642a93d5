"""How pictures look: colours as variables with light and dark values, text, lines, and the element that holds them."""

import re

from kan.diagram_marks import escaped

_LIGHT = (
    "--kan-surface:#ffffff;--kan-ink:#1b2430;--kan-muted:#566173;--kan-line:#33415c;--kan-box:#ffffff;"
    "--kan-frame:#7b8798;--kan-curve:#1d4ea8;--kan-symbolic:#a3145f;--kan-focus:#0b57d0"
)
_DARK = (
    "--kan-surface:#10151c;--kan-ink:#e8ecf3;--kan-muted:#a7b1c2;--kan-line:#9db2d8;--kan-box:#161d27;"
    "--kan-frame:#6c7a90;--kan-curve:#8ab4ff;--kan-symbolic:#ff8ac2;--kan-focus:#a8c7ff"
)
# Colours only as variables: a page that shows the picture may set its own.
COLOURS = {
    "light": f".kan{{{_LIGHT}}}",
    "dark": f".kan{{{_DARK}}}",
    "auto": f".kan{{{_LIGHT}}}@media (prefers-color-scheme:dark){{:root:not([data-theme=light]) .kan,svg.kan:root"
    f"{{{_DARK}}}}}:root[data-theme=dark] .kan{{{_DARK}}}",
}
_RULES = (
    ".kan .s{fill:var(--kan-surface)}"
    '.kan text{font:13px system-ui,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;fill:var(--kan-ink)}'
    ".kan .t{font-weight:600}"
    ".kan .h{font-size:12px;fill:var(--kan-muted);stroke:var(--kan-surface);stroke-width:3px;paint-order:stroke}"
    ".kan .f{font-size:12px;fill:var(--kan-symbolic)}"
    ".kan .w{fill:none;stroke:var(--kan-line)}"
    ".kan .b{fill:var(--kan-box);stroke:var(--kan-frame)}"
    ".kan .c{fill:none;stroke:var(--kan-curve);stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}"
    ".kan .levels .c{fill:var(--kan-curve);fill-opacity:.25;stroke-width:1}"
    ".kan .i{fill:var(--kan-curve)}"
    ".kan .n{fill:var(--kan-ink)}"
    ".kan .a{fill:none;stroke:var(--kan-frame)}"
    ".kan .d{fill:var(--kan-muted)}"
    ".kan .symbolic .c,.kan .symbolic .b,.kan .w.symbolic{stroke:var(--kan-symbolic)}"
    ".kan .symbolic .i{fill:var(--kan-symbolic)}"
    ".kan .pruned .b{fill:none;pointer-events:all;stroke-dasharray:3 3}"
    ".kan .w.pruned,.kan .pruned .c{stroke-dasharray:2 4}"
    ".kan .e:focus{outline:none}"
    ".kan .e:hover .b,.kan .e:focus-visible .b{stroke:var(--kan-focus);stroke-width:2.5}"
)


def picture(marks: str, width: float, height: float, words: str, theme: str) -> str:
    """Gives one <svg> element without an XML declaration; it holds no script and asks for nothing else.

    Args:
        marks: SVG text.
        width, height: in px.
        words: what a screen reader says.
        theme: a key of `COLOURS`.
    """
    return (
        f'<svg class="kan" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="group" aria-label="{escaped(words)}">'
        f"<style>{COLOURS[theme]}{_RULES}</style>"
        f'<rect class="s" width="100%" height="100%"/>{marks}</svg>'
    )


def with_plain_colours(svg: str) -> str:
    """Gives a picture in one theme, light or dark, with its colours written out, for readers without variables."""
    style, end, marks = svg.partition("</style>")
    colours = dict(re.findall(r"(--kan-[a-z]+):(#[0-9a-f]{6})", style))
    return re.sub(r"var\((--kan-[a-z]+)\)", lambda use: str(colours[use[1]]), style) + end + marks
