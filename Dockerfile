# One image for an edge box (amd64 and arm64). The line's state lives in /var/lib/jidoka and nowhere else:
#
#   docker run --init --read-only --tmpfs /tmp \
#     -v /srv/line-3/LINE.yaml:/etc/jidoka/LINE.yaml:ro -v jidoka-line-3:/var/lib/jidoka -p 8080:8080 jidoka
#
# Relative paths in LINE.yaml are meant from the file, so give the store's as /var/lib/jidoka/... . A local video
# device needs: --device /dev/video0 --group-add video

FROM python:3.11-slim-bookworm AS builder

ENV UV_PROJECT_ENVIRONMENT=/opt/jidoka \
    UV_PYTHON=/usr/local/bin/python3.11 \
    UV_PYTHON_DOWNLOADS=never \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9

WORKDIR /src
# The dependencies are a layer of their own: it is kept until the lock file changes.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-build --extra train --no-install-project

COPY . .
RUN uv sync --frozen --no-dev --extra train --no-editable

FROM python:3.11-slim-bookworm

ENV PATH=/opt/jidoka/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --home-dir /var/lib/jidoka --create-home --shell /usr/sbin/nologin jidoka \
    && mkdir /etc/jidoka
COPY --from=builder /opt/jidoka /opt/jidoka

USER 10001
WORKDIR /var/lib/jidoka
VOLUME /var/lib/jidoka
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["jidoka"]
CMD ["run", "/etc/jidoka/LINE.yaml"]
