"""Turns the formulas of the pages into MathML while the site is built.

Browsers draw MathML by themselves, so a page loads no script for its mathematics, from here or from
elsewhere.
"""

import html
import re
from typing import Any

from latex2mathml.converter import convert

# What pymdownx.arithmatex leaves in its generic mode: \(...\) in a span, \[...\] in a div.
_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
_BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def on_page_content(page_html: str, **_: Any) -> str:
    """Replaces every formula of a page, given as HTML, by its MathML."""
    page_html = _INLINE.sub(lambda match: _mathml(match[1], "inline"), page_html)
    return _BLOCK.sub(lambda match: _mathml(match[1], "block"), page_html)


def _mathml(latex: str, display: str) -> str:
    return convert(html.unescape(latex).strip(), display=display)
