package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"okey/config"
	"okey/okey"
)

// HealthcheckCommand is `okey healthcheck`, for images that have neither curl nor shell.
type HealthcheckCommand struct {
	Part string `arg:"" name:"partie" enum:"server,worker" default:"server" help:"server ou worker."`
}

// Run asks /healthz of this machine.
func (c *HealthcheckCommand) Run(ctx context.Context, cfg *config.Config) error {
	address := cfg.HTTP
	if c.Part == "worker" {
		address = cfg.Metrics
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "%s n'a pas d'adresse d'écoute.", c.Part)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return &okey.Error{Code: okey.CodeUnavailable, Message: c.Part + " ne répond pas.", Err: err}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return okey.Errorf(okey.CodeUnavailable, "%s répond %d.", c.Part, response.StatusCode)
	}
	return nil
}
