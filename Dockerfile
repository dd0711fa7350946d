# syntax=docker/dockerfile:1
FROM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /okey ./cmd/okey

# Certificates and nothing else; time zones are in the program.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /okey /usr/local/bin/okey
USER nonroot
EXPOSE 8080
ENV OKEY_HTTP=0.0.0.0:8080
ENTRYPOINT ["/usr/local/bin/okey"]
CMD ["server"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/okey", "healthcheck", "server"]
