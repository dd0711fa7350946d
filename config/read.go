package config

import (
	"os"
	"reflect"
	"sort"
	"strings"
)

// TemporalEnv is the TEMPORAL_* part of an environment. It is what contrib/envconfig calls an EnvLookup, so that the
// whole program can be given an environment other than the process's.
type TemporalEnv map[string]string

// LookupEnv is os.LookupEnv on this environment.
func (t TemporalEnv) LookupEnv(name string) (string, bool) {
	value, ok := t[name]
	return value, ok
}

// Environ is os.Environ on this environment.
func (t TemporalEnv) Environ() []string {
	pairs := make([]string, 0, len(t))
	for name, value := range t {
		pairs = append(pairs, name+"="+value)
	}
	sort.Strings(pairs)
	return pairs
}

func temporalEnv(environ map[string]string, c *Config) TemporalEnv {
	env := make(TemporalEnv)
	for name, value := range environ {
		if strings.HasPrefix(name, "TEMPORAL_") && name != "TEMPORAL_API_KEY_FILE" {
			env[name] = value
		}
	}
	for name, value := range map[string]string{
		"TEMPORAL_ADDRESS": c.TemporalAddress, "TEMPORAL_NAMESPACE": c.TemporalNamespace, "TEMPORAL_API_KEY": c.TemporalAPIKey,
	} {
		if value != "" {
			env[name] = value
		}
	}
	return env
}

func (c *Config) readSecrets(environ map[string]string) {
	fields := reflect.ValueOf(c).Elem()
	for _, s := range Settings() {
		if !s.Secret {
			continue
		}
		text, problem := secret(s.Name, environ)
		if problem == nil && text != "" {
			problem = c.keepSecret(s.Name, fields.Field(s.index), text)
		}
		if problem != nil {
			c.wrong = append(c.wrong, *problem)
		}
	}
}

// secret finds a value in NAME or in the file that NAME_FILE names; both is an error, for nobody could tell which counts.
func secret(name string, environ map[string]string) (string, *Problem) {
	value, path := strings.TrimSpace(environ[name]), environ[name+"_FILE"]
	switch {
	case path == "":
		return value, nil
	case value != "":
		return "", &Problem{
			Name: name, Secret: true, What: "est donné deux fois",
			Do: "Gardez " + name + " ou " + name + "_FILE, pas les deux.",
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", &Problem{
			Name: name + "_FILE", Value: path, What: "ne peut être lu (" + Cause(err) + ")",
			Do: "Vérifiez le chemin et les droits du fichier.",
		}
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return "", &Problem{Name: name + "_FILE", Value: path, What: "est vide", Do: "Écrivez-y la valeur de " + name + "."}
	}
	return text, nil
}

func (c *Config) keepSecret(name string, field reflect.Value, text string) *Problem {
	var err error
	var do string
	switch target := field.Addr().Interface().(type) {
	case *string:
		*target = text
	case *Keyring:
		*target, err = ParseKeyring(text)
		do = "Tirez une clef avec « openssl rand -hex 32 » et écrivez 1: devant."
	case *SMTPURL:
		*target, err = ParseSMTPURL(text)
		do = "Écrivez par exemple smtp://relais.ac-exemple.fr:25."
	case *IMAPURL:
		*target, err = ParseIMAPURL(text)
		do = "Écrivez par exemple imaps://okey:…@courriel.ac-exemple.fr/INBOX."
	}
	if err != nil {
		return &Problem{Name: name, Secret: true, What: err.Error(), Do: do}
	}
	return nil
}

// tidy removes what is never meant: spaces around values, slashes at the end of addresses, empty list entries.
func (c *Config) tidy() {
	fields := reflect.ValueOf(c).Elem()
	for _, s := range Settings() {
		if field := fields.Field(s.index); field.Kind() == reflect.String {
			field.SetString(strings.TrimSpace(field.String()))
		}
	}
	c.URL = strings.TrimRight(c.URL, "/")
	c.TemporalUIURL = strings.TrimRight(c.TemporalUIURL, "/")

	for _, list := range []*[]string{
		&c.TrustedProxies, &c.OIDCScopes, &c.PrincipalValues, &c.DeputyValues, &c.RadiusServers, &c.EventFields, &c.CounterProof,
	} {
		*list = filled(*list)
	}
}

// filled are the entries of a list that say something.
func filled(list []string) []string {
	var entries []string
	for _, entry := range list {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}
