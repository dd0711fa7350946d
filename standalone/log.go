package main

import (
	"fmt"
	"log/slog"
	"os"

	"okey/internal/telemetry"
	"okey/standalone/logfile"
)

// logTo sends the log to a file, and what someone should look at to the terminal as well.
func logTo(path string) (closeLog func(), err error) {
	file := logfile.New(path)
	if _, err := file.Write(nil); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(ours("OKEY_LOG_LEVEL", "info"))); err != nil {
		level = slog.LevelInfo // the configuration's check names it
	}
	slog.SetDefault(slog.New(slog.NewMultiHandler(
		telemetry.NewHandler(file, ours("OKEY_LOG_FORMAT", "text"), level),
		telemetry.NewHandler(os.Stderr, "text", max(level, slog.LevelError)),
	)))
	return func() { _ = file.Close() }, nil
}
