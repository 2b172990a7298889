# Vigie as a command: docker build -t vigie:0.1.0 . && docker run --rm vigie:0.1.0 --help
FROM python:3.11-slim AS build
# A mirror of the package index: --build-arg PIP_INDEX_URL=…
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/vigie
WORKDIR /source
COPY requirements.lock .
RUN /opt/vigie/bin/pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY vigie vigie
COPY crawlers crawlers
COPY nlp nlp
COPY index index
COPY digest digest
COPY scheduler scheduler
COPY newsroom newsroom
RUN /opt/vigie/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
# What WeasyPrint draws PDF pages with.
RUN apt-get update && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home vigie && install --directory --owner vigie --group vigie /data
COPY --from=build /opt/vigie /opt/vigie
ENV PATH=/opt/vigie/bin:$PATH HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1 VIGIE_DATA=/data XDG_CACHE_HOME=/tmp/cache
USER vigie
WORKDIR /data
VOLUME /data
ENTRYPOINT ["vigie"]
