"""NeMo Curator: a stage of its base class; frames keep their own columns and index."""

import pandas as pd
import pytest
from nemo_curator.stages.resources import Resources
from nemo_curator.tasks import DocumentBatch
from scopesift_files.errors import UsageError

from scopesift.nemo_curator import ScopesiftStage


@pytest.fixture
def stage(scorer):
    """A stage whose worker has been set up."""
    stage = ScopesiftStage(scorer)
    stage.setup()
    return stage


def test_a_frame_keeps_its_columns_and_index(stage, documents, scorer):
    frame = pd.DataFrame(documents).set_index(pd.Index(range(100, 100 + len(documents)), name="row"))
    frame["tags"] = [["a", at] for at in range(len(frame))]
    batch = DocumentBatch("docs", frame, _metadata={"source": "web"})
    (found,) = stage.process_batch([batch])
    assert found.dataset_name == "docs"
    assert found._metadata == {"source": "web"}
    pd.testing.assert_frame_equal(found.data[frame.columns], frame)
    assert list(found.data.columns) == [*frame.columns, *scorer.schema.names]
    wanted = scorer.table([row["text"] for row in documents])
    assert found.data["scopesift_status"].tolist() == wanted.column("scopesift_status").to_pylist()
    assert stage.outputs()[1] == ["text", *scorer.schema.names]


def test_a_batch_without_the_text_column_or_with_one_of_ours_is_refused(stage):
    assert not stage.validate_input(DocumentBatch("docs", pd.DataFrame({"body": ["a"]})))
    with pytest.raises(UsageError, match="has a column 'domain' already"):
        stage.process(DocumentBatch("docs", pd.DataFrame({"text": ["a"], "domain": ["b"]})))


def test_its_resources_are_set_as_of_any_stage(stage):
    assert stage.with_(resources=Resources(gpus=1)).resources.gpus == 1
    assert stage.resources.gpus == 0
    assert stage.ray_stage_spec()["is_actor_stage"]
