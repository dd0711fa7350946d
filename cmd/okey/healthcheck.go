package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"okey/config"
	"okey/okey"
)

// HealthcheckCommand is `okey healthcheck`, for images that have neither curl nor shell.
type HealthcheckCommand struct {
	Part  string `arg:"" name:"partie" enum:"server,worker,doctor" default:"server" help:"server, worker ou doctor."`
	Marks string `help:"Pour doctor : son fichier de marques." placeholder:"FICHIER"`
}

// examinedWithin is how old the last mark may be: a day, and the time that it takes to read an audit.
const examinedWithin = 26 * time.Hour

// examined tells whether the audit was found whole at the last daily examination, and support told of what was wrong.
func (c *HealthcheckCommand) examined() error {
	file, err := os.Stat(c.Marks)
	why, untoldErr := os.ReadFile(untold(c.Marks))
	switch {
	case untoldErr == nil:
		return okey.Errorf(okey.CodeUnavailable, "l'assistance n'a pas pu être prévenue de ce qui ne va pas : %s",
			strings.TrimSpace(string(why)))
	case err != nil:
		return okey.Errorf(okey.CodeUnavailable, "aucune marque dans --marks « %s ».", c.Marks)
	case time.Since(file.ModTime()) > examinedWithin:
		return okey.Errorf(okey.CodeUnavailable, "le journal d'audit n'a pas été trouvé intact depuis %s.",
			file.ModTime().Format(time.RFC3339))
	}
	return nil
}

// Run asks /healthz of this machine.
func (c *HealthcheckCommand) Run(ctx context.Context, cfg *config.Config) error {
	if c.Part == "doctor" {
		return c.examined()
	}
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
