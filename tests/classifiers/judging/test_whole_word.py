import pytest
from scopesift_classifiers.judging.whole_word import whole_word


def widened(text, token):
    start = text.index(token)
    begin, end = whole_word(text, start, start + len(token))
    return text[begin:end]


@pytest.mark.parametrize(
    ("text", "token", "word"),
    [
        ("You are such a stupid idiot, shut up", "idi", "idiot"),
        ("You are such a stupid idiot, shut up", "iot", "idiot"),
        ("(idiots)", "ot", "idiots"),
        ("what a f**king day", "king", "f**king"),
        ("what a sh!t day", "sh", "sh!t"),
        ("I don't know", "don", "don't"),
        ("well-known", "known", "well-known"),
        ("end of it... Next", "it", "it"),
        ("Заткнись, тупая сука.", "тк", "Заткнись"),
        ("오늘 저녁에 친구들과", "친구", "친구들과"),
        ("मूर्ख आदमी", "मू", "मूर्ख"),
        ("cafe\u0301s", "caf", "cafe\u0301s"),
        ("two  words", " words", "words"),
    ],
)
def test_a_part_of_a_word_is_widened_to_the_word(text, token, word):
    assert widened(text, token) == word


@pytest.mark.parametrize(
    ("text", "token"),
    [("这座城市的人口超过八百万", "城市"), ("今日はいい天気ですね", "天気"), ("วันนี้อากาศดี", "อากาศ")],
)
def test_where_scripts_put_no_spaces_the_token_stays(text, token):
    assert widened(text, token) == token


def test_a_letter_is_never_cut_from_its_marks():
    assert widened("ที่นี่", "น") == "นี่"


def test_a_latin_word_inside_chinese_ends_where_the_script_changes():
    assert widened("我的iPhone手机", "Pho") == "iPhone"


@pytest.mark.parametrize(("start", "end"), [(1, 2), (3, 3)])
def test_blanks_and_empty_spans_stay_as_they_are(start, end):
    assert whole_word("a b", start, end) == (start, end)


def test_any_span_of_any_text_stays_inside_it():
    text = "a'b--- \u200d e\u0301!! 人x\ud800😀👨‍👩‍👧 '"
    for start in range(len(text) + 1):
        for end in range(start, len(text) + 1):
            first, last = whole_word(text, start, end)
            assert 0 <= first <= last <= len(text)
