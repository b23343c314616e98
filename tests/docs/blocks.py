"""The blocks of the documents: what is to be typed, and the marks before it that say what no test runs."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"((?:^<!-- [^\n]* -->\n)*)^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: (.+?)(?:, lines with (.+?))? -->")
RUN_BY = re.compile(r"<!-- (?:page )?run by (\S+) -->")
WHOLE_PAGE = re.compile(r"^<!-- page run by \S+ -->$", re.MULTILINE)
TYPED = re.compile(
    r"^(?:\$ )?((?:[A-Z_]+=\S+ )*)((?:scopesift|python|make|pip|curl|node|npm|export|openssl|docker) \S.*)$"
)


@dataclass(frozen=True)
class Block:
    """A block with something to type.

    Attributes:
        place: Page and line.
        language: Of the fence.
        text: Its lines.
        marks: Comments before it.
        after: Unlabelled block that follows it, if any: what it prints.
    """

    place: str
    language: str
    text: str
    marks: str
    after: str

    @property
    def commands(self):
        """Its commands of `scopesift`, without settings and comments, continued lines joined."""
        typed = (TYPED.match(line) for line in self.text.replace("\\\n", " ").splitlines())
        return [found[2] for found in typed if found and found[2].startswith("scopesift ")]

    @property
    def run_by(self):
        """The test that runs it, as its mark says."""
        found = RUN_BY.search(self.marks)
        return found[1] if found else None

    def why_not(self, line=""):
        """Why it, or one of its lines, is not run; None: it is."""
        for reason, word in NOT_RUN.findall(self.marks):
            if not word or word in line:
                return reason
        return None


def words(command):
    """What the shell makes of a command, after `scopesift`."""
    return shlex.split(command, comments=True)[1:]


def blocks():
    """All blocks with something to type, of all pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        whole, of_page = list(BLOCK.finditer(text)), "".join(WHOLE_PAGE.findall(text))
        for at, block in enumerate(whole):
            marks, language, body = block.groups()
            if language not in ("python", "sh") and not any(map(TYPED.match, body.splitlines())):
                continue
            follows = whole[at + 1] if at + 1 < len(whole) else None
            joined = follows is not None and not text[block.end() : follows.start(2) - 3].strip()
            after = follows[3] if joined and not follows[2] else ""
            place = f"{page.relative_to(ROOT)}:{text[: block.start(2)].count(chr(10)) + 1}"
            found.append(Block(place, language, body, of_page + marks, after))
    return found
