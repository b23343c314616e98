"""Code is cut out of source, conversations out of novels; where a text goes depends on the text alone."""

import pytest

from recipes.task_type.code import blocks, python_functions, snippets
from recipes.task_type.passages import opening
from recipes.task_type.speech import conversations, has_speech, spoken, turns
from recipes.task_type.splits import SPLITS, fraction, length_of, split_of

PAGE = (
    '"I never saw him," said Anne, "and I never will, not in this house." Her brother laughed. "Why not?" '
    '"He is in Peru." The clock struck. "Then write to him and ask when he comes." "I have," cried Anne. "Twice."'
)
MODULE = '''
"""A module."""
import os

class Box:
    def open(self, key):
        if key is None:
            raise ValueError("a box without a key stays shut")
        return self.lid.turn(key, os.getpid())

def short():
    return 1
'''
HEADER = """
/* What is said
   of it. */
#ifndef BOX_H
#define BOX_H

// a comment alone
// and its second line
// and its third line

static inline int box_open(struct box *box, int key) {
    if (!key)
        return -1;
    return box->lid(key);
}

#endif
"""


def test_what_is_said_is_found_and_interrupted_turns_are_joined():
    assert spoken(PAGE)[:2] == ["I never saw him,", "and I never will, not in this house."]
    assert turns(PAGE) == [
        "I never saw him, and I never will, not in this house.",
        "Why not?",
        "He is in Peru.",
        "Then write to him and ask when he comes.",
        "I have. Twice.",
    ]
    assert turns(PAGE.replace(' "', " “").replace('"', "”").replace("”I never saw", "“I never saw")) == turns(
        PAGE
    )


def test_a_page_whose_marks_are_no_pairs_is_left_out():
    assert spoken(PAGE + ' "And') == []
    assert list(conversations("Nobody spoke. The rain went on until the morning.")) == []


def test_most_conversations_have_no_quotation_mark():
    pages = [f"{PAGE} Page {number} ended." for number in range(200)]
    written = [one for page in pages for one in conversations(page)]
    assert len({one.form for one in written}) == 4
    plain = [one for one in written if not has_speech(one.text)]
    assert len(plain) > len(written) / 2
    assert all("laughed" not in one.text and "struck" not in one.text for one in plain)


def test_functions_are_cut_out_whole_enough_to_be_code():
    (method,) = python_functions(MODULE)
    assert method.startswith("    def open(self, key):\n")
    assert list(python_functions("def broken(:")) == []


def test_comments_and_directives_alone_are_no_code():
    (block,) = blocks(HEADER)
    assert block.startswith("static inline int box_open")


def test_the_interpreter_and_torch_give_code_in_three_languages():
    found = list(snippets())
    assert {one.source for one in found} == {"python", "c", "c++"}
    assert all(one.text.strip() and not one.group.startswith("/") for one in found)
    functions = [one.text for one in found if one.source == "python"]
    assert any("def " in text for text in functions)
    assert all(text.lstrip().startswith(("def ", "async def ")) for text in functions)


def test_passages_end_with_a_sentence_or_their_document():
    document = "It rained all night. " * 60
    assert opening(document).endswith("night.")
    assert len(opening(document)) <= length_of(document)


@pytest.mark.parametrize("key", ["", "a", "\ud800", "日本"])
def test_the_split_of_a_text_depends_on_nothing_else(key):
    assert split_of(key) == split_of(key)
    assert 0 <= fraction(key) < 1


def test_splits_have_their_shares():
    drawn = [split_of(str(number)) for number in range(4000)]
    shares = [drawn.count(name) / len(drawn) for name in SPLITS]
    assert shares == pytest.approx([0.6, 0.15, 0.25], abs=0.03)
