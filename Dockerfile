# fitd and fitctl on Debian 12.
#
#   docker build -t fitd .
#   docker run --rm -v fitd:/var/lib/fitd fitd token create me --role admin > me.token
#
# deploy/compose.yaml runs it with TLS, Prometheus beside it.

FROM debian:12-slim AS build
COPY deploy/install-deps.sh /src/deploy/install-deps.sh
RUN /src/deploy/install-deps.sh && rm -rf /var/lib/apt/lists/*
COPY . /src
WORKDIR /src
RUN cmake --preset release && \
    cmake --build --preset release --target fitd fitctl && \
    strip build/release/server/fitd build/release/client/cli/fitctl

FROM debian:12-slim
RUN apt-get update -qq && \
    apt-get install -y -qq --no-install-recommends \
      libgrpc++1.51 libprotobuf32 libabsl20220623 libspdlog1.10 libfmt9 libyaml-cpp0.7 \
      libsqlite3-0 zlib1g libssl3 libjemalloc2 libprometheus-cpp-core1.0 libcivetweb1 ca-certificates && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* && \
    groupadd --gid 10001 fitd && \
    useradd --uid 10001 --gid fitd --no-create-home --home-dir /var/lib/fitd --shell /usr/sbin/nologin fitd && \
    install --directory --owner fitd --group fitd --mode 0700 /var/lib/fitd
COPY --from=build /src/build/release/server/fitd /src/build/release/client/cli/fitctl /usr/local/bin/
USER 10001:10001
ENV FITD_DATA_DIR=/var/lib/fitd
VOLUME /var/lib/fitd
EXPOSE 7474 7475
STOPSIGNAL SIGTERM
# A real call. With TLS it needs FITD_TLS_CA.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s \
  CMD ["/usr/local/bin/fitctl", "server", "health"]
ENTRYPOINT ["/usr/local/bin/fitd"]
