# docker build -t syncd .    docs/install.md says how to run it.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements/ requirements/
RUN python -m venv /opt/syncd \
    && /opt/syncd/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock \
    && pip install --no-cache-dir --require-hashes -r requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY syncd/ syncd/
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/syncd/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl

FROM python:3.12-slim-bookworm
COPY --from=build /opt/syncd /opt/syncd
# Nothing is written outside of the volume: the container may run with a read-only root.
ENV PATH=/opt/syncd/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    STATE_DIRECTORY=/var/lib/syncd \
    SYNCD_CONFIG=/etc/syncd/syncd.toml
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/syncd
USER 10001:10001
VOLUME /var/lib/syncd
# The step under way is finished first: give it time (docker stop --time 180).
STOPSIGNAL SIGTERM
# The state can be read, beside the daemon. That the daemon lives is the container's own life.
HEALTHCHECK --interval=5m --timeout=30s --start-period=1m CMD ["syncd", "status", "--json"]
ENTRYPOINT ["syncd"]
CMD ["run"]
