"""Keep the generated parts of the pages current, and check them while the site is built.

    make pages    write tables, numbers and files anew into all pages

A generated part stands between two comments, so that pages also read well as plain Markdown:

    <!-- number lsp-lqr settings seeds -->5<!-- end -->

The first comment names the part: a kind, and its arguments; arguments with spaces are quoted. The
kinds are those of ``docs/evidence.py`` (numbers and tables of results), of ``docs/world_tables.py``
(tables of worlds), and

    <!-- file PATH -->    a Python file of the repository

The build of the site stops where a part is not current. It also turns links that work in a checkout
into links of the site.
"""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from evidence import RESULT_PARTS, files_of_results
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from world_tables import WORLD_PARTS

DOCS = Path(__file__).parent
_ROOT = DOCS.parent
_PART = re.compile(r"<!-- (\w+)((?: [^\n>]+)?) -->(.*?)<!-- end -->", re.DOTALL)
_ABOVE = re.compile(r"\]\(\.\./(results/|CHANGELOG\.md|CONTRIBUTING\.md)")
_API = re.compile(r"\]\((?:\.\./)?api/\w+\.md#(hierax[\w.]+)\)")
_INLINE = ("number",)


def current(markdown: str) -> str:
    """Return a page with all its generated parts written anew."""
    return _PART.sub(lambda part: f"<!-- {part[1]}{part[2]} -->{_made(part)}<!-- end -->", markdown)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the changelog, the guide for contributors and the results to the site."""
    results = [f"results/{path}" for path in files_of_results()]
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", *results):
        files.append(File.generated(config, name, abs_src_path=str(_ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Return the Markdown of a page without its comments; stop where a part is not current."""
    for part in _PART.finditer(markdown):
        if part[3] != _made(part):
            raise PluginError(
                f"{page.file.src_uri}: the part '{part[1]}{part[2]}' is not current; run make pages"
            )
    plain = _PART.sub(lambda part: part[3], markdown)
    return _ABOVE.sub(r"](\1", _API.sub(r"][\1]", plain))


def _made(part: re.Match[str]) -> str:
    kind, arguments = part[1], shlex.split(part[2])
    if kind not in _PARTS:
        raise PluginError(f"unknown part {kind!r} of a page; known are {', '.join(_PARTS)}")
    made = _PARTS[kind](*arguments)
    return made if kind in _INLINE else f"\n\n{made}\n\n"


def _file(path: str) -> str:
    return f"```py\n{(_ROOT / path).read_text(encoding='utf-8').rstrip()}\n```"


_PARTS: dict[str, Callable[..., str]] = {"file": _file, **RESULT_PARTS, **WORLD_PARTS}


def _main() -> None:
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        written = current(text)
        if written != text:
            path.write_text(written, encoding="utf-8")
            sys.stdout.write(f"written: {path.name}\n")


if __name__ == "__main__":
    _main()
