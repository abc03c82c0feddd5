# Written beside the demo, not yet built: the machines this was developed on have no container engine.
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/pip install --require-hashes --requirement /tmp/requirements.txt
COPY . /srv/convergence
WORKDIR /srv/convergence
# Static files need no database; the throwaway key never leaves this stage.
RUN DJANGO_SETTINGS_MODULE=convergence.settings.demo DATABASE_URL=postgres://none/none \
    /opt/venv/bin/python manage.py collectstatic --no-input && rm -rf var

FROM python:3.13-slim-bookworm AS runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libfontconfig1 \
       fonts-dejavu-core libmagic1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /srv/convergence convergence
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/convergence /srv/convergence
RUN install --directory --owner convergence --mode 0700 /srv/convergence/var
WORKDIR /srv/convergence
USER convergence
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=convergence.settings.prod
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["gunicorn", "convergence.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket"]

# The bench of the écoscore alone needs a browser, and starts as root to put it in a namespace of its own.
FROM runtime AS bench
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium util-linux \
    && rm -rf /var/lib/apt/lists/*

FROM runtime AS app
