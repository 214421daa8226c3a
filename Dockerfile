# Builds linchpin, and runs it on a slim image as a user without rights.
#
#   docker build -t linchpin .
#   docker run --rm -p 8080:8080 linchpin                    the built-in demonstration model
#   docker run --rm -p 8080:8080 -v /path/to/checkpoint:/model:ro -e LINCHPIN_MODEL=/model linchpin
#
# Deploy/checks/container runs the same steps in a debootstrap root, where there is no Docker engine.

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libopenblas-dev libssl-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift openapi.yaml ./
COPY Sources Sources
COPY Tests Tests
RUN swift build --configuration release --product linchpin --static-swift-stdlib \
    && install -D -m 0755 .build/release/linchpin /out/linchpin \
    && strip /out/linchpin

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libopenblas0-pthread libssl3 libstdc++6 openssl zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --no-create-home --shell /usr/sbin/nologin linchpin
COPY --from=build /out/linchpin /usr/local/bin/linchpin
COPY Deploy/health /usr/local/bin/linchpin-health
USER 65532:65532
# The compute threads are linchpin's own; OpenBLAS must not start a second set.
ENV LINCHPIN_HOST=0.0.0.0 \
    LINCHPIN_PORT=8080 \
    OPENBLAS_NUM_THREADS=1
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5m --retries=3 \
    CMD ["linchpin-health"]
ENTRYPOINT ["/usr/local/bin/linchpin"]
CMD ["serve"]
