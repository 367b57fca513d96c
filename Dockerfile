# syntax=docker/dockerfile:1.7
# The production image: the service and its locked dependencies, nothing that builds or tests them.
# Name the base by digest for a build that can be repeated:
#   docker build --build-arg PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm@sha256:… .
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/hearth \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir "uv==${UV_VERSION}"
WORKDIR /src
# The dependencies are a layer of their own, because they change less often than the code.
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --frozen --no-dev --no-install-project --no-cache
COPY config config
COPY tenants tenants
COPY platform platform
COPY workers workers
COPY migrations migrations
RUN /opt/hearth/bin/pybabel compile --directory platform/hearth/translations
# Builds the wheel and installs it, so that only what the wheel names arrives in the image: the Stripe
# double and the demo stay behind.
RUN uv sync --frozen --no-dev --no-editable --no-cache

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Hearth" \
      org.opencontainers.image.description="Casework, donations and protected statistics for a federation of family-support organisations."
# Safe path keeps the working directory off sys.path, where a folder named like a module of the
# standard library would otherwise be found first.
ENV PATH="/opt/hearth/bin:${PATH}" \
    HOME=/tmp \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 hearth \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin hearth
# Owned by root, so that the service cannot change its own code.
COPY --from=build /opt/hearth /opt/hearth
WORKDIR /tmp
# As a number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8000
# Kubernetes asks /livez and /readyz, and workers by their heartbeat.
HEALTHCHECK NONE
ENTRYPOINT ["hearth"]
CMD ["web"]
