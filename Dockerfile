# One image for worker and console: the same worker.py with another command. Non-root; runs on a read-only file system with /tmp
# and /var/lib/vigil writable.
FROM python:3.13.9-slim-bookworm AS build
WORKDIR /opt/vigil
COPY requirements-uv.lock requirements.lock ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-uv.lock \
 && .venv/bin/uv pip sync --no-cache --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock \
 && .venv/bin/pip uninstall -y uv pip
COPY worker.py LICENSE NOTICE ./
COPY config config
COPY domain domain
COPY detectors detectors
COPY notices notices
COPY ledger ledger
COPY stores stores
COPY streams streams
COPY console console
COPY embedded embedded
# Unpacked here, so that a worker's start doesn't wait for it.
RUN PYTHONPATH=. .venv/bin/python -c "from pathlib import Path; from stores.carrier import unpacked; \
    [unpacked(name, Path('/var/lib/vigil/geo')) for name in ('city', 'asn')]" \
 && .venv/bin/python -m compileall -q config domain detectors notices ledger stores streams console embedded

FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/vigil --shell /usr/sbin/nologin vigil
COPY --from=build /opt/vigil /opt/vigil
COPY --from=build --chown=vigil:vigil /var/lib/vigil /var/lib/vigil
WORKDIR /opt/vigil
ENV PATH=/opt/vigil/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VIGIL_DATA_DIR=/var/lib/vigil
USER vigil
VOLUME /var/lib/vigil
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "worker.py"]
CMD ["worker"]
