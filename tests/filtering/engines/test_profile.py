import threading

import pytest
from scopesift_filtering.engines.profile import MODEL, READ, WAITING, WRITE, Profile
from scopesift_filtering.run_filter import run_filter
from scopesift_filtering.run_plan import make_plan
from scopesift_filtering.settings import FilterSettings


def test_a_profile_names_every_part_and_each_kinds_shares_add_up(engine, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"text": "Der Zug kommt heute um {number} Uhr."}}\n' for number in range(40)))
    settings = FilterSettings(where="toxicity < 0.5", shard_rows=16)
    profile = Profile()
    run_filter(make_plan([str(rows)], tmp_path / "out", settings, engine), workers=2, profile=profile)
    found = {(part.kind, part.part): part for part in profile.times()}
    assert list(found) == [
        (READ, "read files"), (READ, "tokenise"), (READ, WAITING),
        (MODEL, "backbone"), (MODEL, "encode"), (MODEL, "pool"), (MODEL, WAITING),
        (WRITE, "judge"), (WRITE, "write"), (WRITE, WAITING),
    ]  # fmt: skip
    for kind in (READ, MODEL, WRITE):
        own = [part for part in found.values() if part.kind == kind]
        assert sum(part.share for part in own) == pytest.approx(1)
        assert all(part.seconds >= 0 and part.cpu_seconds >= -1e-3 for part in own)


def test_time_of_several_threads_of_a_kind_is_summed():
    profile = Profile()

    def work():
        with profile.thread(MODEL), profile.part("backbone"):
            threading.Event().wait(0.05)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    backbone = profile.times()[0]
    assert backbone.seconds >= 0.1
    assert backbone.cpu_seconds < 0.05
