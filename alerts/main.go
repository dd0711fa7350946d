// Command alerts asks Prometheus' own engine the questions of docs/alerts.yml and docs/grafana, with the metrics that programs of OKEY have
// told. It is a module of its own: nothing else of OKEY's needs Prometheus.
//
//	alerts FOLDER
//
// A file of the folder is what one program told: okey-server@1 is job and instance. It fails where a question can't be asked, or nobody
// tells what it asks for, and prints the alerts whose condition holds, one a line.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	fires, err := run(os.Args[1:])
	for _, name := range fires {
		fmt.Println(name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) (fires []string, err error) {
	if len(arguments) != 1 {
		return nil, errors.New("alerts FOLDER")
	}
	now := time.Now()
	told, err := readFolder(arguments[0], now)
	if err != nil {
		return nil, err
	}
	rules, err := readRules("../docs/alerts.yml")
	if err != nil {
		return nil, err
	}
	panels, err := readDashboards("../docs/grafana")
	if err != nil {
		return nil, err
	}
	var wrong []error
	for _, r := range rules {
		wrong = append(wrong, told.examine(r.Alert, r.Expr, now))
		found, err := told.ask(context.Background(), r.Expr, now)
		wrong = append(wrong, err)
		if len(found) > 0 {
			fires = append(fires, r.Alert)
		}
	}
	for _, p := range panels {
		wrong = append(wrong, told.examine(p.name, p.expr, now))
	}
	return fires, errors.Join(wrong...)
}

// readFolder has what each program told be so for ten minutes, and each be up.
func readFolder(dir string, now time.Time) (memory, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*@*"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s has no metrics: %w", dir, errors.Join(err, os.ErrNotExist))
	}
	var told memory
	for _, file := range files {
		job, instance, _ := strings.Cut(filepath.Base(file), "@")
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for at := now.Add(-10 * time.Minute); !at.After(now); at = at.Add(scrapeInterval) {
			if told, err = told.scraped(text, job, instance, at); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return told, nil
}
