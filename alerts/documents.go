package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// readRules reads alerts as Prometheus does, templates and all.
func readRules(file string) ([]rulefmt.Rule, error) {
	groups, wrong := rulefmt.ParseFile(file, false, model.UTF8Validation, language, slog.New(slog.DiscardHandler))
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	var rules []rulefmt.Rule
	for _, group := range groups.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules, nil
}

// panel is a question of a dashboard.
type panel struct{ name, expr string }

// readDashboards reads the questions of Grafana's dashboards; what Grafana itself puts in is put in.
func readDashboards(dir string) ([]panel, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s has no dashboard: %w", dir, errors.Join(err, os.ErrNotExist))
	}
	var found []panel
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var board struct {
			Panels []struct {
				Title      string
				Type       string
				Datasource struct{ UID string }
				Targets    []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(text, &board); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, p := range board.Panels {
			if p.Type != "row" && (p.Datasource.UID != "${datasource}" || len(p.Targets) == 0) {
				return nil, fmt.Errorf("%s: %q asks nothing, or another than whom the reader chooses", file, p.Title)
			}
			for _, t := range p.Targets {
				found = append(found, panel{p.Title, strings.ReplaceAll(t.Expr, "$__rate_interval", "2m")})
			}
		}
	}
	return found, nil
}
