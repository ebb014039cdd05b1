# One image for the web server, the workers and the clock; which of them it is depends on the command. It holds the packages
# of a production installation, not those of the demo clinic.

FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv
COPY requirements.txt .
RUN /app/.venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt

# Debian 12 has the pg_dump of PostgreSQL 15, the server of docker-compose.yml.
FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app recalldesk \
    && install --directory --owner recalldesk --group nogroup --mode 700 /data /backups
WORKDIR /app
COPY --from=build /app/.venv /app/.venv
COPY . .
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data BIND=0.0.0.0 PORT=8000
USER recalldesk
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["sh", "-c", "python manage.py collectstatic --noinput --verbosity 0 && exec python -m gunicorn -c config/gunicorn.py"]
