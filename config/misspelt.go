package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// prefixes are what the names of settings begin with.
var prefixes = []string{"OKEY_", "TEMPORAL_", "OTEL_"}

// engines are what the engine's client reads beside the settings (Temporal's environment configuration).
var engines = []string{
	"TEMPORAL_TLS", "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_DATA", "TEMPORAL_TLS_CLIENT_KEY_PATH",
	"TEMPORAL_TLS_CLIENT_KEY_DATA", "TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_DATA", "TEMPORAL_TLS_SERVER_NAME",
	"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION",
	"TEMPORAL_CODEC_ENDPOINT", "TEMPORAL_CODEC_AUTH", "TEMPORAL_CONFIG_FILE", "TEMPORAL_PROFILE",
}

// readable are the names of all that anything of OKEY reads: settings, what the engine's client reads, and compose's own.
func readable() []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.Name)
		if s.Secret {
			names = append(names, s.Name+"_FILE")
		}
	}
	names = append(names, "OKEY_ENV_FILE")
	names = append(names, engines...)
	return append(names, ComposesOwn...)
}

// almost finds the name that was meant, if it is near enough.
func almost(name string, names []string) (nearest string, near bool) {
	nearest = slices.MinFunc(names, func(a, b string) int {
		return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
	})
	return nearest, levenshtein.ComputeDistance(name, nearest) <= 2
}

func misspelt(name, meant string) string {
	return fmt.Sprintf("%s n'est pas un réglage, et n'a aucun effet : écrivez %s.", name, meant)
}

// Misspelt names the variables of an environment that are almost settings of OKEY, or of its docker-compose.yml, with what was meant:
// whoever has written one believes that it holds. What is further off belongs to somebody else.
func Misspelt(environ map[string]string) []string {
	names := readable()
	var told []string
	for name := range environ {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) || slices.Contains(names, name) {
			continue
		}
		if nearest, near := almost(name, names); near {
			told = append(told, misspelt(name, nearest))
		}
	}
	slices.Sort(told)
	return told
}
