# `make demo` is the only command a newcomer needs; it makes everything else itself.
PYTHON ?= python3
PORT ?= 8000
RESET ?=
WORKERS ?= 2
ECOSCORE_RUNS ?= 5
ECOSCORE_CHECKS ?=
BOOTSTRAP = $(PYTHON) convergence/embedded/bootstrap.py
BIN = .venv/bin
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

CHECKS = check-format check-lint check-types check-imports check-templates check-migrations check-deployment check-security

.PHONY: help demo walk install test check format bench bench-ecoscore lock $(CHECKS)

help:
	@echo "make demo    the platform with invented data on http://localhost:$(PORT)  (RESET=1 begins again, PORT=8001)"
	@echo "make walk    from sign-up to candidature in a real browser, on a running demo (started when needed; SCREENSHOTS=folder)"
	@echo "make test    every test, in parallel"
	@echo "make check   format, lint, types, imports, templates, migrations, deployment, security"
	@echo "make bench   the short benchmarks  (BENCH_CANDIDATURES=100000: the work queue at full size)"
	@echo "make bench-ecoscore    what the écoscore must show, measured on this machine  (ECOSCORE_RUNS=5)"
	@echo "make format  rewrite code and templates in the house style"
	@echo "make lock    renew the hashed requirements from pyproject.toml"

demo:
	@PORT=$(PORT) RESET=$(RESET) $(BOOTSTRAP) runtime python -m convergence.embedded.demo

walk: install
	@PORT=$(PORT) $(BIN)/python -m tests.e2e.run_walk

install:
	@$(BOOTSTRAP) dev

test: install
	@$(BIN)/pytest tests -q -n $(WORKERS) --dist loadscope --no-loadscope-reorder

# `make --keep-going check` runs the rest after a failure.
check: $(CHECKS)

$(CHECKS): install

check-format:
	$(BIN)/ruff format --check .

check-lint:
	$(BIN)/ruff check .

check-types:
	$(BIN)/mypy .

check-imports:
	$(BIN)/lint-imports

check-templates:
	$(BIN)/djlint templates --lint --quiet

check-migrations:
	EMBEDDED_CLUSTER=test $(BIN)/python manage.py makemigrations --check --dry-run

# Production settings with an invented environment: nothing is connected to.
check-deployment:
	@echo "manage.py check --deploy"
	@env -i PATH="$$PATH" DJANGO_SETTINGS_MODULE=convergence.settings.prod \
	  SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(64))") DATABASE_URL=postgres://app:x@db/convergence \
	  DATABASE_OWNER_URL=postgres://owner:x@db/convergence REDIS_URL=redis://redis/0 EMAIL_URL=smtp://mail:25 \
	  ALLOWED_HOSTS=convergence.example SITE_URL=https://convergence.example SEAL_PKCS12_PATH=/run/secrets/seal.p12 \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

check-security:
	$(BIN)/bandit -ll -q -r convergence referencing ecoscore questionnaires evidence

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-ecoscore: install
	$(if $(ECOSCORE_CHECKS),,ECOSCORE_REAL_BENCH=1 $(BIN)/pytest tests/ecoscore/test_browser.py -q -k measured)
	$(BIN)/python -m benchmarks.ecoscore.run $(ECOSCORE_CHECKS) --runs $(ECOSCORE_RUNS)

bench: install
	$(BIN)/python -m benchmarks.run

lock: install
	$(UV_COMPILE) pyproject.toml --output-file requirements.txt
	$(UV_COMPILE) pyproject.toml --group dev --output-file requirements-dev.txt
