"""A process that was forked from one that read texts reads them too, although the threads of that one are not in it."""

import os
import subprocess
import sys

import pytest

READS_THEN_FORKS = """
import os, sys
import numpy as np
from scopesift_features.reading.onnx.reader import OnnxReader
from scopesift_features.scope import Scope

scope = Scope.load("e5", device="cpu")
reader = OnnxReader(scope.in_int8() if sys.argv[1] == "int8" else scope, scope.selected([(4, 1), (8, 2)]))
reader.threads = 2
texts = ["one text", "another, longer text"] * 40
before = reader.read(texts).acts_NS
child = os.fork()
if child == 0:
    same = reader.threads == 2 and np.array_equal(reader.read(texts).acts_NS, before)
    os._exit(0 if same else 3)  # as multiprocessing does; ONNX Runtime itself hangs in sys.exit
_, status = os.waitpid(child, 0)
again = np.array_equal(reader.read(texts).acts_NS, before)
sys.exit(os.waitstatus_to_exitcode(status) if again else 4)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only processes of POSIX fork")
@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_forked_process_reads_the_same(dtype):
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, "-c", READS_THEN_FORKS, dtype],
        env=environment, timeout=60, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
