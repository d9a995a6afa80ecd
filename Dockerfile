# The server in a container:
#   docker build -t echotts .
#   docker run --rm -p 127.0.0.1:8080:8080 -v echotts:/data echotts
FROM debian:12-slim AS build
WORKDIR /src
COPY tools/deps.sh tools/
RUN tools/deps.sh build
COPY . .
RUN cmake -S . -B /build -DECHOTTS_TESTS=OFF && cmake --build /build -j "$(nproc)" && \
    cmake --install /build --strip

FROM debian:12-slim
# mesa-vulkan-drivers: GPUs of AMD and Intel, where the container may use /dev/dri
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        ca-certificates libcmark0.30.2 libcurl4 libebur128-1 libicu72 libjansson4 libmicrohttpd12 libmpg123-0 \
        libsndfile1 libsonic0 libsoxr0 libssl3 libvulkan1 libxxhash0 mesa-vulkan-drivers >/dev/null && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --create-home --home-dir /data --groups video echotts
COPY --from=build /usr/local/bin/echotts /usr/local/bin/
COPY --from=build /usr/local/share/echotts /usr/local/share/echotts
USER echotts
# Voices, models and settings.
ENV HOME=/data
VOLUME /data
EXPOSE 8080 10200
HEALTHCHECK --start-period=60s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /ready HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q ' 200 ' <&3"]
ENTRYPOINT ["echotts"]
CMD ["serve", "--host", "0.0.0.0", "--wyoming", "10200"]
