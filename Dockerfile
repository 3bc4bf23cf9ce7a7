# The worker and every other command but `up` and `demo`, which need the embedded Kafka.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/streakwatch
# What we depend on first: it changes less often than our own code.
COPY requirements/worker.txt requirements/
RUN /opt/streakwatch/bin/pip install --no-deps --require-hashes -r requirements/worker.txt
# The compiler makes streams/frames/gather.c; the image that runs does without it.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY pyproject.toml hatch_build.py README.md CHANGELOG.md LICENSE ./
COPY streams streams
COPY alerts alerts
COPY config config
RUN pip wheel --no-deps --wheel-dir /wheels . \
    && /opt/streakwatch/bin/pip install --no-deps /wheels/streakwatch-*.whl \
    && /opt/streakwatch/bin/streakwatch --version

FROM python:3.11-slim
ENV PATH=/opt/streakwatch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    STREAKWATCH_CONFIG=/etc/streakwatch/streakwatch.yaml
COPY --from=build /opt/streakwatch /opt/streakwatch
# A number, so that a cluster can see that it is not root; no account needs to exist.
USER 10001:10001
WORKDIR /tmp
# Reachable from other containers only with STREAKWATCH_METRICS__HOST=0.0.0.0.
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/health', timeout=3)"]
ENTRYPOINT ["streakwatch"]
CMD ["worker"]
