package main

import (
	"fmt"
	"io"
	"os"

	"okey/config"
	"okey/okey"
)

// ComposeEnvCommand is `okey compose-env`: what docker-compose.yml does not take, no program could tell.
type ComposeEnvCommand struct {
	File string `arg:"" name:"fichier" optional:"" help:"Le fichier .env ; sans lui, l'entrée standard."`
}

// Run says a line for each variable that has no effect, without any setting; its values are shown to nobody.
func (c *ComposeEnvCommand) Run(out io.Writer) error {
	from, called := os.Stdin, "l'entrée standard"
	if c.File != "" {
		file, err := os.Open(c.File)
		if err != nil {
			return &okey.Error{Code: okey.CodeInvalid, Message: c.File + " ne s'ouvre pas.", Err: err}
		}
		defer func() { _ = file.Close() }()
		from, called = file, c.File
	}
	given := map[string]string{}
	err := readEnv(from, called, func(name, value string) error { given[name] = value; return nil })
	if err != nil {
		return err
	}
	told := config.ComposeEnv(given)
	for _, line := range told {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if len(told) > 0 {
		return errTold
	}
	_, err = fmt.Fprintf(out, "Rien à redire : %s.\n", okey.SayCount(len(given), "variable"))
	return err
}
