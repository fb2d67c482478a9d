# `make` alone prints this list. ARGS="…" is passed on to the program or to pytest.
PYTHON ?= python3
VENV := .venv/bin/python
BOOTSTRAP := @$(PYTHON) packaging/bootstrap.py
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run demo demo-check standin portal test lint bench shots contract bundle soak sim

help:  ## print this list
	@sed -n 's/^\([a-z-]*\):  ## /  make \1\t/p' Makefile | expand -t 20

run:  ## open the window (ARGS="list --json" runs a command instead)
	$(BOOTSTRAP) run
	@exec $(VENV) main.py $(ARGS)

demo:  ## two windows, one person, a real PostgreSQL that is made for it (BACKEND=supabase: a project on it, BACKEND=portal: a portal)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.demo $(if $(BACKEND),--backend $(BACKEND)) $(ARGS)

demo-check:  ## the demo driven by a program: 200 changes, nothing lost, one line of figures
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.demo --check $(if $(BACKEND),--backend $(BACKEND)) $(ARGS)

standin:  ## a Supabase project on this computer to try things on, with a person in it (ARGS=--plain: with the table of a guide)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.servers.supabase $(ARGS)

portal:  ## a Devots Portal on this computer to try things on, with a person in it (ARGS=--seed: as its guide makes it)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.servers.portal $(ARGS)

test:  ## all tests (ARGS="-k outbox" chooses)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests $(ARGS)

lint:  ## ruff, mypy, import-linter
	$(BOOTSTRAP) dev
	$(VENV) -m ruff check
	$(VENV) -m ruff format --check
	$(VENV) -m mypy
	$(dir $(VENV))lint-imports --no-logo

bench:  ## figures beside their references, into build/bench.json (ONLY=name chooses)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.bench $(ONLY) $(ARGS)

shots:  ## a picture of every screen, into build/shots
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.shots $(ARGS)

soak:  ## kills, torn logs, damaged files and 50,000 simulated seeds, as figures (ARGS=0.1 for a tenth, ARGS="1 simulation" for one part)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.soak $(ARGS)

sim:  ## devices, a server and everything that can go wrong, simulated (SEEDS=1000 JOBS=2; ARGS=mutants proves that it can fail)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.sim $(if $(ARGS),$(ARGS),$(if $(SEEDS),--seeds $(SEEDS)) $(if $(JOBS),--jobs $(JOBS)))

contract:  ## what every place for todos must do (BACKEND=postgres-18 chooses)
	$(BOOTSTRAP) dev
	@exec $(VENV) -m tests.contract $(if $(BACKEND),--backend $(BACKEND)) $(ARGS)

bundle:  ## the program with its own Python and libraries, into dist/devots
	$(BOOTSTRAP) bundle
	@exec $(VENV) packaging/bundle.py
