package config

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Versions lists the versions of the ring, lowest first.
func (k Keyring) Versions() []int { return slices.Sorted(maps.Keys(k.keys)) }

// namedRing is a ring with the setting that it came from.
type namedRing struct {
	Name string
	Ring Keyring
}

func (c *Config) rings() []namedRing {
	return []namedRing{{"OKEY_LINK_KEYS", c.LinkKeys}, {"OKEY_PIN_PEPPERS", c.PINPeppers}, {"OKEY_AUDIT_KEYS", c.AuditKeys}}
}

// SharedKeys says, in French and without a part of any, which keys stand in two places: one that leaks for one purpose must not open
// another, and one that was replaced by itself was not replaced.
func (c *Config) SharedKeys() []string {
	type place struct {
		name    string
		version int
		key     []byte
	}
	var seen []place
	var shared []string
	for _, r := range c.rings() {
		for _, version := range r.Ring.Versions() {
			here := place{r.Name, version, r.Ring.Get(version)}
			for _, other := range seen {
				if bytes.Equal(here.key, other.key) {
					shared = append(shared, fmt.Sprintf("la clef %d de %s est aussi la clef %d de %s", here.version, here.name,
						other.version, other.name))
				}
			}
			seen = append(seen, here)
		}
	}
	return shared
}

// OlderKeysInUse names the rings whose current key is not their highest version: rotated backwards, or pasted in the wrong order.
func (c *Config) OlderKeysInUse() []string {
	var older []string
	for _, r := range c.rings() {
		current, _ := r.Ring.Current()
		if versions := r.Ring.Versions(); len(versions) > 0 && versions[len(versions)-1] != current {
			older = append(older, fmt.Sprintf("%s se sert de la clef %d, alors qu'elle a une clef %d", r.Name, current,
				versions[len(versions)-1]))
		}
	}
	return older
}

// Given tells whether server's or worker's settings are there at all: any of those that it can't do without, that nobody else needs, and
// that have no value of their own.
func (c *Config) Given(role Role) bool {
	other := RoleServer
	if role == RoleServer {
		other = RoleWorker
	}
	for _, s := range Settings() {
		if s.NeededBy(role) && !s.NeededBy(other) && s.Default == "" && !c.isZero(s) {
			return true
		}
	}
	return false
}
