package config

import (
	"reflect"
	"slices"
	"strings"
)

// Setting describes one field of Config, as its tags do. Documentation and deployment files are tested against it.
type Setting struct {
	Name    string // of the environment variable
	Flag    string // without dashes; empty for secrets, which are never flags
	Default string
	Help    string
	Secret  bool // also to be had from the file that Name_FILE names

	needed []string
	index  int
}

// NeededBy tells whether a role can't do without the setting.
func (s Setting) NeededBy(role Role) bool { return slices.Contains(s.needed, string(role)) }

var settings = describe(reflect.TypeFor[Config]())

// Settings lists every setting, in the order of Config.
func Settings() []Setting { return settings }

func describe(config reflect.Type) []Setting {
	var all []Setting
	for i := range config.NumField() {
		tag := config.Field(i).Tag
		name, ok := tag.Lookup("env")
		if !ok {
			continue
		}
		all = append(all, Setting{
			Name: name, Flag: tag.Get("name"), Default: tag.Get("default"), Help: helps[name],
			Secret: tag.Get("secret") == "true", needed: strings.Fields(tag.Get("needed")), index: i,
		})
	}
	return all
}
