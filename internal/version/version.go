// Package version says what runs: the release, and the commit that it was built from. It knows the domain's French alone.
package version

import (
	"fmt"
	"slices"
	"strings"

	"okey/okey"
)

// Number is the release: the newest of CHANGELOG.md.
const Number = "0.2.0"

// stamp is what tools/stamp said where this was built: the commit, its day, and "modified" where files differed from it. The linker puts it
// here; what was built in another way, from an archive or within an image that was not told, does not know.
var stamp string

// String is for programs, as semantic versioning writes it: 0.2.0+c0ed0fb1a2b3, 0.2.0+c0ed0fb1a2b3.modified or 0.2.0+unknown.
func String() string {
	b, known := read(stamp)
	switch {
	case !known:
		return Number + "+unknown"
	case b.modified:
		return Number + "+" + b.commit + ".modified"
	}
	return Number + "+" + b.commit
}

// Inexact says in French why String may name another program, too, that is built in another way; empty where it names this one alone.
func Inexact() string {
	b, known := read(stamp)
	switch {
	case !known:
		return "révision inconnue : construisez-le avec OKEY_STAMP=\"$(tools/stamp)\""
	case b.modified:
		return "révision modifiée : des fichiers en différaient quand il a été construit, « git status » les montre"
	}
	return ""
}

// Say is for people.
func Say() string {
	b, known := read(stamp)
	switch {
	case !known:
		return "Version " + Number + ", révision inconnue"
	case b.modified:
		return fmt.Sprintf("Version %s, révision %s du %s, modifiée", Number, b.commit, b.day.SayWithYear())
	}
	return fmt.Sprintf("Version %s, révision %s du %s", Number, b.commit, b.day.SayWithYear())
}

type build struct {
	commit   string
	day      okey.Day
	modified bool
}

func read(stamp string) (b build, known bool) {
	parts := strings.Fields(stamp)
	if len(parts) < 2 {
		return build{}, false
	}
	day, err := okey.ParseDay(parts[1])
	return build{commit: parts[0], day: day, modified: slices.Contains(parts[2:], "modified")}, err == nil
}
