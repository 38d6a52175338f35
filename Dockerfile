FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels '.[speed]'

FROM python:3.12-slim
RUN useradd --create-home --uid 1000 tontine && install -d -o tontine -g tontine /var/lib/tontine
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels 'tontine[speed]'
COPY --chown=root:root examples/*.toml /etc/tontine/
USER tontine
WORKDIR /var/lib/tontine
VOLUME /var/lib/tontine
EXPOSE 7001 7080
ENV PYTHONUNBUFFERED=1

# A venue is healthy when it takes a connection. Fleets switch this off: they listen to nobody.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 7001), 2).close()"]

ENTRYPOINT ["tontine"]
# The example venue is open, and so on loopback only: give it a file with accounts to let others in.
CMD ["serve", "/etc/tontine/venue.toml", "--host", "127.0.0.1", "--port", "7001"]
