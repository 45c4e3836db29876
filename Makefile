# The commands of the project; `make` alone runs what a submission must pass.
# `make demo` and `make test` set up all they need in .venv; nothing outside this folder is changed, except that
# `make test`, run as root on Debian, installs the programs of packaging/debian-packages.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEARCHES ?= agent analyze annotate archive compare connections events fleet reports wire
LOOPS := $(wildcard src/whyrst/fast/*.py src/whyrst/fast/[hpt]*/*.py src/whyrst/fast/compiled/[hpt]*.pxd)
FRONT := src/whyrst/serve/front

.PHONY: all bpf demo front test test-kernels lint cases docs site release screenshots bench fuzz lab lab-cases kernel-cases accuracy clean packages

all: lint test

demo: $(VENV)/.whyrst
	$(BIN)/whyrst analyze examples/resets.pcap

test: packages front $(VENV)/.test
	$(BIN)/python -m pytest -n auto

test-kernels: $(VENV)/.whyrst
	@sh tools/debian_packages.sh packaging/kernel-packages.txt
	$(BIN)/python tools/test_kernels.py

# The libraries of the web app's pages, which are plain HTML without them.
front: $(FRONT)/../static/vendor/htmx.min.js

$(FRONT)/../static/vendor/htmx.min.js: $(FRONT)/package-lock.json $(FRONT)/bundle.mjs
	@(cd $(FRONT) && npm ci --silent && npm run --silent bundle) || \
	echo "npm is missing or reached nothing: the web app's pages stay plain HTML"

lint: packages $(VENV)/.lint site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/check_causes.py
	$(BIN)/python tools/make_docs.py --check
	$(BIN)/python tools/make_schema.py --check
	$(BIN)/python tools/make_bpf.py --check
	$(BIN)/python tools/make_dashboard.py --check

cases: $(VENV)/.whyrst
	for script in tests/cases/*/make.py examples/make.py; do $(BIN)/python $$script; done

docs: $(VENV)/.test
	$(BIN)/python tools/make_docs.py
	$(BIN)/python tools/make_schema.py
	$(BIN)/python tools/make_dashboard.py

# The pages of docs/ as a site of plain files in build/site; what does not fit together is an error.
site: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -q -b html -d build/doctrees docs build/site

# Wheel and sdist in dist/, checked. The wheel is named after the oldest glibc that it runs with.
release: front $(VENV)/.release
	rm -rf build/dist dist
	$(BIN)/python -m build --outdir build/dist
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist build/dist/*.whl
	mv build/dist/*.tar.gz dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/abi3audit --strict dist/*.whl

screenshots: packages front $(VENV)/.test
	$(BIN)/python tools/screenshots.py

bench: packages $(VENV)/.whyrst
	$(BIN)/python bench/run.py

lab: packages $(VENV)/.lab
	$(BIN)/whyrst lab run --all

lab-cases: packages $(VENV)/.lab
	$(BIN)/python tools/record_lab.py

kernel-cases: packages $(VENV)/.lab
	$(BIN)/python tools/record_kernel.py

accuracy: packages $(VENV)/.lab
	$(BIN)/whyrst lab score --compare --trace --first 8001 --seeds 3 --jobs 2 --output docs/accuracy.md

bpf: packages
	$(PYTHON) tools/make_bpf.py

fuzz: $(VENV)/.fuzz
	for one in $(SEARCHES); do \
	  $(BIN)/python fuzz/$$one.py -max_total_time=$${SECONDS_OF_FUZZING:-60} fuzz/corpus/$$one || exit 1; done

packages:
	@sh tools/debian_packages.sh packaging/debian-packages.txt

$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/.whyrst: $(VENV)/.pip pyproject.toml setup.py $(LOOPS)
	$(BIN)/python -m pip install --quiet --editable .
	$(BIN)/python -m compileall -q src/whyrst
	touch $@

$(VENV)/.lab: $(VENV)/.whyrst
	$(BIN)/python -m pip install --quiet --editable '.[lab]'
	touch $@

$(VENV)/.test: $(VENV)/.whyrst
	$(BIN)/python -m pip install --quiet --group test
	touch $@

$(VENV)/.lint: $(VENV)/.whyrst
	$(BIN)/python -m pip install --quiet --group lint --group test
	touch $@

$(VENV)/.docs: $(VENV)/.whyrst
	$(BIN)/python -m pip install --quiet --group docs
	touch $@

$(VENV)/.release: $(VENV)/.whyrst
	$(BIN)/python -m pip install --quiet --group release
	touch $@

$(VENV)/.fuzz: $(VENV)/.whyrst
	$(BIN)/python -m pip install --quiet --group fuzz
	touch $@

clean:
	rm -rf $(VENV) build dist src/*.egg-info src/whyrst/fast/*.c src/whyrst/fast/compiled/*.so
