package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Misspelt names the variables of an environment that are almost settings of OKEY, with what was meant: whoever has written one believes
// that it holds. What is further off belongs to somebody else, as compose's own variables do.
func Misspelt(environ map[string]string) []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.Name)
		if s.Secret {
			names = append(names, s.Name+"_FILE")
		}
	}
	var told []string
	for name := range environ {
		if !strings.HasPrefix(name, "OKEY_") || slices.Contains(names, name) {
			continue
		}
		nearest := slices.MinFunc(names, func(a, b string) int {
			return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
		})
		if levenshtein.ComputeDistance(name, nearest) <= 2 {
			told = append(told, fmt.Sprintf("%s n'est pas un réglage, et n'a aucun effet : écrivez %s.", name, nearest))
		}
	}
	slices.Sort(told)
	return told
}
