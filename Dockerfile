# syntax=docker/dockerfile:1
FROM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# What `okey version` says: nothing here knows it but who builds. tools/stamp prints it.
ARG OKEY_STAMP

# docker-compose.demo.yml: PostgreSQL's programs beside the whole of OKEY in one. Production's image below has nothing of it.
FROM build AS build-demo
RUN cd standalone && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X 'okey/internal/version.stamp=$OKEY_STAMP'" -o /okey-standalone .

FROM postgres:17.7-alpine AS demo
COPY --from=build-demo /okey-standalone /usr/local/bin/okey-standalone
ENTRYPOINT []

FROM build AS program
RUN mkdir -p /image/var/lib && mkdir -m 1777 /image/tmp /image/var/lib/okey && \
    mkdir -p /image/etc/ssl/certs /image/usr/local/bin && \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ && \
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X 'okey/internal/version.stamp=$OKEY_STAMP'" -o /image/usr/local/bin/okey ./cmd/okey

# The program, the certificates of authorities and a /tmp: nothing else. Time zones are in the program.
FROM scratch
COPY --from=program /image /
USER 65532:65532
EXPOSE 8080
ENV OKEY_HTTP=0.0.0.0:8080
ENTRYPOINT ["/usr/local/bin/okey"]
CMD ["server"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/okey", "healthcheck", "server"]
