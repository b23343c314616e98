"""The columns that the filter adds."""

from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_files.errors import UsageError
from scopesift_filtering.columns import our_schema


def test_two_classifiers_that_would_share_a_column_are_refused():
    toxicity = Classifier.load("toxicity", "nano")
    language = replace(Classifier.load("language", "nano"), name="Toxicity")
    with pytest.raises(UsageError, match="add the column 'toxicity'"):
        our_schema([toxicity, language], {})
    with pytest.raises(UsageError, match="add the column 'toxicity_flagged'"):
        our_schema([toxicity, replace(language, name="toxicity_flagged")], {})
    assert "lang" in our_schema([toxicity, replace(language, name="language")], {}).names
