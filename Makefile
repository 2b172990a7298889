# The doors. Each is one line that a person could type.
UV := .uv/bin/uv
PYTHON := .venv/bin/python
export HF_HUB_OFFLINE := 1

.PHONY: run test lint gate bench lock compiled clean

run: compiled ## the main job on the sample newsroom: crawl, read, index, search, trends, digest
	.venv/bin/vigie newsroom --demo demo

test: compiled ## all tests, in two processes, each file in one of them, the slow first
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: .venv/ready ## formatting, lint, types, who may import whom
	.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports --no-cache

gate: .venv/ready ## the pinned quality floors
	.venv/bin/pytest -m gate

bench: .venv/ready ## speed, memory and quality, printed as tables
	$(PYTHON) -m benchmarks

lock: $(UV) ## resolve pyproject.toml anew into requirements.lock
	$(UV) pip compile pyproject.toml --group dev --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url -q -o requirements.lock

compiled: .venv/ready ## our own modules, which each of a thousand processes compiles anew where Python may not write bytecode
	$(PYTHON) -m compileall -q benchmarks crawlers digest index newsroom nlp scheduler vigie

.venv/ready: requirements.lock pyproject.toml $(UV)
	$(UV) venv -q --clear --python 3.11 .venv
	$(UV) pip install -q --python $(PYTHON) --compile-bytecode --require-hashes -r requirements.lock
	$(UV) pip install -q --python $(PYTHON) --no-deps --no-build-isolation -e .
	touch $@

$(UV):
	python3 -m venv .uv && .uv/bin/pip install -q --disable-pip-version-check uv==0.13.9

clean: ## remove the environment and the demonstration
	rm -rf .venv .uv demo
