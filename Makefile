# Every verb of the project; `make` prints them. A verb first installs what it needs, pinned, into .venv/.
# ARGS passes through: make test ARGS="host_tests/unit -k protect".

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check --no-input
HOST_PATH := $(CURDIR)/lib:$(CURDIR)/firmware:$(CURDIR)/boards/rp2:$(CURDIR)/tools:$(CURDIR)/tools/fakes:$(CURDIR)
STUBS := build/stubs
VM := build/vm
ARGS ?=
MAY_DOWNLOAD := CELLWARDEN_DOWNLOAD=1

# decides and touches nothing: every branch of it is tested
POLICY := anchors balance capacity cell_deltas chemistry config faults health held keep life limits mode outputs plausible precharge protect quantities relations resistance soc soc_belief soc_curve soc_drop soc_trim soc_voltage

.PHONY: help
help:  ## print this
	@echo 'make VERB [ARGS="..."]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo
demo: $(VENV)/.demo  ## watch the firmware protect a simulated pack; ARGS="--help" tells more
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m demo $(ARGS)

.PHONY: test
test: $(VENV)/.test $(VENV)/.interop $(VM)/.installed $(if $(MICROPYTHON_UF2),$(VENV)/.target)  ## every test
	@CELLWARDEN_PY312="$$(cat $(VENV)/.interop)" $(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

.PHONY: test-target
test-target: $(VENV)/.test $(VENV)/.target  ## only those on an emulated Pico; MICROPYTHON_UF2=path, or it gets the official image
	@$(MAY_DOWNLOAD) $(PY) -m pytest -n 2 --dist loadgroup host_tests/target $(ARGS)

.PHONY: test-interop
test-interop: $(VENV)/.test $(VENV)/.interop  ## only what programs of other people see of it
	@CELLWARDEN_PY312="$$(cat $(VENV)/.interop)" $(PY) -m pytest host_tests/interop $(ARGS)

.PHONY: lint
lint: $(VENV)/.test  ## style, import direction, dialect, and mpy-cross of every device file
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --diff . || { echo "make format will do this" >&2; exit 1; }
	@PYTHONPATH=tools $(PY) -m checks

.PHONY: types
types: $(VENV)/.types $(STUBS)/.rp2 $(STUBS)/.esp32  ## pyright against MicroPython's stubs, for RP2 and for ESP32
	@for port in rp2 esp32; do echo "types: $$port"; \
	  PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(PY) -m pyright -p tools/checks/pyright-$$port.json || exit 1; done

.PHONY: bench
bench: $(VENV)/.test $(VM)/.installed $(if $(MICROPYTHON_UF2),$(VENV)/.target)  ## every figure with its bound, also in build/bench.json; MICROPYTHON_UF2=path adds the emulated Pico
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m bench $(ARGS)

.PHONY: bench-soc
bench-soc: $(VENV)/.test $(VENV)/.bench-soc  ## SoC of recorded cells against their reference; ARGS="--data DIR --plots"
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m bench_soc $(ARGS)

.PHONY: emulate
emulate: $(VENV)/.test $(VENV)/.target  ## flash an emulated Pico, short its pack, measure; MICROPYTHON_UF2=path, or it gets the official image
	@$(MAY_DOWNLOAD) PYTHONPATH="$(HOST_PATH)" $(PY) -m emulate $(ARGS)

.PHONY: coverage
coverage: $(VENV)/.test  ## branches that the unit tests reach; fails below 100 % of the policy
	@mkdir -p build
	@$(PY) -m pytest -n 2 host_tests/unit --deselect host_tests/unit/test_scan_walk.py --cov --cov-report= $(ARGS)
	@$(PY) -m coverage html -q -d build/coverage
	@$(PY) -m coverage report --skip-covered --fail-under=100 \
	  --include="$$(printf 'firmware/bms/%s.py,' $(POLICY))"

.PHONY: format
format: $(VENV)/.test  ## rewrite every file in the one style
	@$(PY) -m ruff check --quiet --fix-only --select I .
	@$(PY) -m ruff format .

.PHONY: flash
flash: $(VENV)/.deploy  ## install on a board: BOARD=pico_bq76952 PORT=/dev/ttyACM0 [CONFIG=path]; docs/flashing.md
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m deploy flash --board="$(BOARD)" --port="$(PORT)" --config="$(CONFIG)" $(ARGS)

.PHONY: replay
replay: $(VENV)/.test  ## run a recorded log again, decision by decision: ARGS="LOG"; docs/blackbox.md
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m replay $(ARGS)

.PHONY: import
import: $(VENV)/.test  ## take over the settings of a JK, JBD or Daly BMS: ARGS="FILE --output config.json"
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m settings_import $(ARGS)

.PHONY: repl
repl: $(VENV)/.deploy  ## the board's own prompt, PORT=/dev/ttyACM0; it stops the firmware, Ctrl-] leaves
	@$(VENV)/bin/mpremote $(if $(PORT),connect "$(PORT)") repl

.PHONY: firmware
firmware: $(VENV)/.deploy  ## how to build a MicroPython with the firmware inside, BOARD=pico_bq76952
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m deploy freeze --board="$(BOARD)"

.PHONY: size
size: $(VENV)/.test $(VM)/.installed  ## bytes and heap of every module against tools/size/budget.toml
	@PYTHONPATH="$(HOST_PATH)" $(PY) -m size $(ARGS)

.PHONY: defaults
defaults: $(VENV)/.test  ## write the tables of settings in docs/ from the source
	@PYTHONPATH=tools $(PY) -m checks.defaults
	@PYTHONPATH=tools $(PY) -m checks.configuration

.PHONY: venv
venv: $(VENV)/.test  ## only install what the tests need
	@echo ". $(VENV)/bin/activate"

.PHONY: clean
clean:  ## remove all that was built or installed here
	@rm -rf $(VENV) build .pytest_cache .ruff_cache .hypothesis .coverage*
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# A marker file says which set is installed; a set that changes is installed again.

$(VENV)/.made:
	@python=$$(sh tools/find_python.sh 3.11) || { \
	  echo "Python 3.11 or newer is needed, with venv (Debian: apt install python3-venv);" \
	    "if it has another name: make PYTHON=/path/to/it" >&2; exit 1; }; \
	echo "$$($$python --version) makes $(VENV)/"; \
	"$$python" -m venv $(VENV)
	@touch $@

$(VENV)/.%: requirements/%.txt $(VENV)/.made
	@echo "installing $<"
	@$(PIP) -r $<
	@touch $@

$(VENV)/.test: requirements/demo.txt requirements/deploy.txt requirements/link.txt requirements/page.txt requirements/cli.txt

# Some programs we talk to need a newer Python than we do. Where there is one, the tests use it.
$(VENV)/.interop: $(wildcard requirements/interop.txt requirements/link.txt) $(VENV)/.made
	@sh tools/interop_python.sh $(VENV) > $@

# MicroPython's own virtual machine runs on node. Without node the tests that want it say so.
$(VM)/.installed: tools/vm/package.json tools/vm/package-lock.json
	@mkdir -p $(VM)
	@rm -rf $(VM)/node_modules
	@if command -v npm > /dev/null; then echo "installing $<"; \
	  cp $^ $(VM)/ && cd $(VM) && npm ci --silent --no-audit --no-fund --ignore-scripts; fi
	@touch $@

$(STUBS)/.%: requirements/stubs-%.txt $(VENV)/.types
	@echo "installing $<"
	@rm -rf $(STUBS)/$*
	@$(PIP) --no-deps --target $(STUBS)/$* -r $<
	@touch $@
