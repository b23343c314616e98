from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, ScopeError


@pytest.fixture(scope="module")
def first_token_scope(tmp_path_factory, write_scope):
    folder = write_scope(
        tmp_path_factory.mktemp("qwen") / "like", name="like-qwen", prefix=(), skip="first-token"
    )
    return Scope.load(folder, device="cpu")


HOSTILE = [
    "plain text",
    "Сегодня хорошая погода",
    "هذا يوم جميل",
    "今日はいい天気",
    "mixed שלום and 日本 and emoji 👨‍👩‍👧 end",
    "a\0b",
    "\ud800lone \udfff surrogates\ud83d",
    "combining e\u0301 \u202eright to left",
    "   \t\n ",
    "Idiot",
    "<|endoftext|>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_offsets_cover_the_original_text_in_order(tiny_scope, text):
    (window,) = make_windows(tiny_scope, [text])
    starts, ends = window.starts[1:], window.ends[1:]
    assert starts[0] == 0
    assert ends[-1] == len(text)
    assert (starts[1:] <= ends[:-1]).all()  # no character is left out between tokens
    assert (ends > starts).all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), max_size=40))
def test_the_kept_tokens_of_any_text_cover_all_of_it(tiny_scope, text):
    covered = {
        place
        for window in make_windows(tiny_scope, [text])
        for start, end in zip(window.starts[window.keep], window.ends[window.keep], strict=True)
        for place in range(start, end)
    }
    assert covered == set(range(len(text)))


def test_a_token_names_the_characters_it_was_made_of(tiny_scope):
    text = "Das Wetter ist heute schön"
    (window,) = make_windows(tiny_scope, [text])
    tokenizer = tiny_scope.tokenizer
    for token, start, end in zip(window.ids[1:], window.starts[1:], window.ends[1:], strict=True):
        piece = tokenizer.decode([token])
        if "\ufffd" not in piece:
            assert text[start:end] == piece


def test_a_special_token_spelled_out_in_a_text_is_ordinary_text(tiny_scope):
    (window,) = make_windows(tiny_scope, ["a <|endoftext|> b"])
    end_of_text = tiny_scope.tokenizer.token_id("<|endoftext|>")
    assert list(window.ids).count(end_of_text) == 1
    assert window.ids[0] == end_of_text


def test_the_prefix_is_not_kept_and_everything_else_is(tiny_scope):
    (window,) = make_windows(tiny_scope, ["The cat sat"])
    assert not window.keep[0]
    assert window.keep[1:].all()


def test_an_empty_text_has_no_window(tiny_scope):
    assert [window.document for window in make_windows(tiny_scope, ["", "x", ""])] == [1]


def test_the_first_token_is_skipped_unless_it_is_the_only_one(first_token_scope):
    one, more = make_windows(first_token_scope, ["a", "a b c d"])
    assert list(one.keep) == [True]
    assert list(more.keep) == [False] + [True] * (len(more.ids) - 1)


def test_windows_of_a_long_text_overlap_and_keep_every_token(first_token_scope, tiny_scope):
    text = "word and " * 300
    for scope in (first_token_scope, tiny_scope):
        windows = make_windows(scope, [text])
        assert len(windows) > 3
        room, overlap = scope.settings.window_tokens, scope.settings.overlap_tokens
        assert max(len(window.ids) for window in windows) == room
        kept = set()
        for window in windows:
            kept |= set(zip(window.starts[window.keep], window.ends[window.keep], strict=True))
        every = scope.tokenizer.backend.encode(text, add_special_tokens=False).offsets
        assert set(every) - kept <= {every[0]}
        for left, right in pairwise(windows):
            shared = set(left.starts[-overlap:]) & set(right.starts)
            assert len(shared) >= overlap - 1


def test_no_window_repeats_what_the_last_one_held(tiny_scope):
    for n_words in range(40, 140, 7):
        windows = make_windows(tiny_scope, ["cat " * n_words])
        ends = [window.ends[-1] for window in windows]
        assert ends == sorted(set(ends))


def test_a_text_that_is_not_a_string_is_named(tiny_scope):
    with pytest.raises(InputError, match="text 1 is a NoneType"):
        make_windows(tiny_scope, ["a", None])


def test_an_unknown_prefix_is_refused(tmp_path, write_scope):
    scope = Scope.load(write_scope(tmp_path / "s", prefix=("<|nope|>",)), device="cpu")
    with pytest.raises(ScopeError, match=r"no token '<\|nope\|>'"):
        make_windows(scope, ["x"])
