"""The computed costs, against what the code really does."""

from dataclasses import replace

import pytest
from scopesift_classifiers.studies.reproduction_data import LANGUAGES
from scopesift_classifiers.studies.step_costs import STUDY_TEXTS, Assumptions, step_costs
from scopesift_features.catalogue.table import catalogue, find_entry
from scopesift_files.errors import UsageError

ENTRY = find_entry("qwen3-1.7b-w32k-l0_50")


def by_step(entry, layers, **rates):
    """The first word of a step -> the first step of that kind."""
    steps = step_costs(entry, layers, Assumptions(**rates))
    return {step.step.replace(",", "").split()[0]: step for step in reversed(steps)}


def test_two_pulls_fetch_every_sae_and_the_checkpoint_once():
    first, *_, rest, _ = step_costs(ENTRY, [14, 6])
    assert first.step == "pull layers 6, 14"
    assert first.fetched + rest.fetched == 28 * ENTRY.sae_bytes + 2 * 1_750_000_000
    assert first.disk == first.fetched + ENTRY.sae_bytes


def test_the_study_reads_as_many_texts_as_its_parts_hold():
    discovery, dev_again, test = 4000, 800, 1000
    assert len(LANGUAGES) * (discovery + dev_again + test) == STUDY_TEXTS


def test_minutes_follow_the_rates():
    plain, fast = by_step(ENTRY, [6]), by_step(ENTRY, [6], mbit_per_s=200, gpu_tflops=100, tokens_per_text=32)
    assert fast["pull"].fetch_minutes == pytest.approx(plain["pull"].fetch_minutes / 2)
    assert fast["fit"].gpu_minutes == pytest.approx(plain["fit"].gpu_minutes / 4)
    assert fast["fit"].processor_minutes == pytest.approx(plain["fit"].processor_minutes / 2)
    # 4.3 GB at 12.5 MB/s
    assert plain["pull"].fetch_minutes == pytest.approx(plain["pull"].fetched / 12.5e6 / 60)


def test_deeper_layers_and_more_of_them_take_more():
    shallow, deep, both = (by_step(ENTRY, layers)["fit"] for layers in ([6], [14], [6, 14]))
    assert shallow.memory < deep.memory < both.memory
    assert shallow.processor_minutes < deep.processor_minutes < both.processor_minutes


def test_a_scope_that_is_held_in_bfloat16_takes_less_memory():
    narrow = replace(ENTRY, settings=replace(ENTRY.settings, sae_dtype="bfloat16"))
    plain, small = step_costs(ENTRY, range(28)), step_costs(narrow, range(28))
    assert small[2].gpu_memory < plain[2].gpu_memory / 2


def test_every_group_has_every_step_and_whole_groups_no_second_pull():
    for entry in catalogue().values():
        if entry.bundled:
            continue
        steps = step_costs(entry, [0])
        assert len(steps) == 8
        assert all(step.fetched or step.memory > step.gpu_memory / 3 > 0 for step in steps)
        assert len(step_costs(entry, range(entry.n_layers))) == 6


def test_rates_and_layers_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="above 0 for mbit_per_s"):
        Assumptions(mbit_per_s=0)
    with pytest.raises(UsageError, match="above 0 for gpu_tflops"):
        Assumptions(gpu_tflops=float("nan"))
    with pytest.raises(UsageError, match="its layers are 0 to 27"):
        step_costs(ENTRY, [28])
