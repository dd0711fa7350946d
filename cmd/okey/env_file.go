package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"okey/okey"
)

// loadEnvFile puts the variables of --env FILE, or of OKEY_ENV_FILE, into the environment before anything reads it. What stands there
// already wins.
func loadEnvFile(args []string) error {
	path := os.Getenv("OKEY_ENV_FILE")
	for i, arg := range args {
		if value, given := strings.CutPrefix(arg, "--env="); given {
			path = value
		} else if arg == "--env" && i+1 < len(args) {
			path = args[i+1]
		}
	}
	if path == "" {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return &okey.Error{Code: okey.CodeInvalid, Message: fmt.Sprintf("le fichier de variables %s ne s'ouvre pas.", path), Err: err}
	}
	defer func() { _ = file.Close() }()
	return readEnv(file, path, func(name, value string) error {
		if _, set := os.LookupEnv(name); set {
			return nil
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		return nil
	})
}

// readEnv hands each variable of a file on, in the order of its lines; called is what an error calls it.
func readEnv(from io.Reader, called string, take func(name, value string) error) error {
	lines := bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		name, value, given, ok := parseEnvLine(lines.Text())
		if !ok {
			return okey.Errorf(okey.CodeInvalid, "%s, ligne %d : écrivez NOM=valeur.", called, n)
		}
		if !given {
			continue
		}
		if err := take(name, value); err != nil {
			return err
		}
	}
	return lines.Err()
}

// parseEnvLine reads one line as a shell's dot does: NOM=valeur, quoted or not, perhaps after export. given is false for blank lines and
// comments.
func parseEnvLine(line string) (name, value string, given, ok bool) {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return "", "", false, true
	}
	name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	if !found || name == "" || strings.ContainsAny(name, " \t'\"") {
		return "", "", false, false
	}
	switch {
	case len(value) > 1 && value[0] == '\'' && strings.HasSuffix(value, "'"):
		value = strings.ReplaceAll(value[1:len(value)-1], `'\''`, `'`)
	case len(value) > 1 && value[0] == '"' && strings.HasSuffix(value, `"`):
		value = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\$`, `$`, "\\`", "`").Replace(value[1 : len(value)-1])
	default:
		value, _, _ = strings.Cut(value, " #")
		value = strings.TrimSpace(value)
	}
	return name, value, true, true
}
