// Package logfile is a log that goes on from start to start, and is put aside by its size while it is written. It knows nothing of OKEY.
package logfile

import (
	"net/url"

	"go.uber.org/zap"
	"gopkg.in/natefinch/lumberjack.v2"
)

// Biggest is how large a log grows before it is put aside, in megabytes; one such is kept beside it, as okey-2026-11-30T17-00-00.000.log.
const Biggest = 50

// New opens the file with the first line that is written. It is its owner's alone.
func New(path string) *lumberjack.Logger {
	return &lumberjack.Logger{Filename: path, MaxSize: Biggest, MaxBackups: 1}
}

// scheme is how the engine's logger, which is told a path alone, comes to such a file.
const scheme = "rotated"

// Address is the path for a logger of zap's.
func Address(path string) string { return (&url.URL{Scheme: scheme, Path: path}).String() }

type sink struct{ *lumberjack.Logger }

// Sync has nothing to do: each line is written at once.
func (sink) Sync() error { return nil }

func init() {
	err := zap.RegisterSink(scheme, func(at *url.URL) (zap.Sink, error) { return sink{New(at.Path)}, nil })
	if err != nil {
		panic(err) // the scheme is well-formed and nobody else's
	}
}
