package main

import (
	"fmt"
	"io"

	"okey/internal/version"
)

// VersionCommand is `okey version`.
type VersionCommand struct{}

// Run says what was built here, without any setting.
func (*VersionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, version.Say())
	return err
}
