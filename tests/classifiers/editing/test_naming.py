import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.editing.naming import LONGEST_NAME, with_given_name
from scopesift_files.errors import UsageError


@pytest.fixture(scope="module")
def nano_toxicity():
    return Classifier.load("toxicity", "nano")


def shared(classifier):
    """A feature that several rules read."""
    return next(
        place
        for place in classifier.features
        if sum(place in one.feature_ids for one in classifier.decisions.values()) > 2
    )


def test_a_name_is_given_in_every_rule_that_reads_the_feature_and_makes_another_version(nano_toxicity):
    place = shared(nano_toxicity)
    made = with_given_name(nano_toxicity, place, "Beschimpfungen 😀")
    for before, after in zip(nano_toxicity.decisions.values(), made.decisions.values(), strict=True):
        assert after.feature_ids == before.feature_ids
        for item in after.features:
            assert item.given_name == ("Beschimpfungen 😀" if (item.layer, item.index) == place else "")
    assert made.version != nano_toxicity.version


def test_a_named_version_survives_its_file_and_without_the_name_is_the_version_before(
    nano_toxicity, tmp_path
):
    place = shared(nano_toxicity)
    made = with_given_name(nano_toxicity, place, "insults")
    made.save(tmp_path / "made.json")
    loaded = Classifier.load(tmp_path / "made.json")
    assert loaded.version == made.version
    assert with_given_name(loaded, place, "").version == nano_toxicity.version


@pytest.mark.parametrize("name", ["a\nb", " insults", "x" * (LONGEST_NAME + 1), "a\u202eb", "\ud800"])
def test_what_is_no_name_is_refused(nano_toxicity, name):
    with pytest.raises(UsageError, match="a name is one line"):
        with_given_name(nano_toxicity, shared(nano_toxicity), name)


def test_a_name_without_effect_is_refused(nano_toxicity):
    place = shared(nano_toxicity)
    with pytest.raises(UsageError, match="has no given name"):
        with_given_name(nano_toxicity, place, "")
    made = with_given_name(nano_toxicity, place, "insults")
    with pytest.raises(UsageError, match="is called 'insults' already"):
        with_given_name(made, place, "insults")


def test_a_feature_that_no_rule_reads_has_no_name(nano_toxicity):
    with pytest.raises(UsageError, match="reads no feature 99:1"):
        with_given_name(nano_toxicity, (99, 1), "insults")


def test_joiners_that_words_and_emoji_need_are_kept_in_names(nano_toxicity):
    place, name = shared(nano_toxicity), "می\u200cخواهم 👩\u200d🚀"
    made = with_given_name(nano_toxicity, place, name)
    features = [item for one in made.decisions.values() for item in one.features]
    assert {item.given_name for item in features if (item.layer, item.index) == place} == {name}
