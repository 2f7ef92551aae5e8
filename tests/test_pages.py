"""README and pages read well as plain Markdown, where a repository is browsed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
SITE_ONLY = (
    r"\{\{",
    r"--8<--",
    r"^:::",
    r"^[?!]{3} ",
    r"^``` \{",
    r"\{ [#.:]",
    r"\]\[hierax",
    r"^=== ",
)


def prose(page):
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_no_syntax_that_only_the_site_understands(page):
    assert [form for form in SITE_ONLY if re.search(form, prose(page), re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_number_does_not_begin_a_line(page):
    """A comment at the beginning of a line would end the paragraph there."""
    assert not re.search(r"^ *<!-- number", prose(page), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_of_the_repository(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|<img src=\"([^\"]+)\"", prose(page))
    paths = {first or second for first, second in links}
    local = {path for path in paths if not path.startswith("http")}
    assert {path for path in local if not (page.parent / path).exists()} == set()
