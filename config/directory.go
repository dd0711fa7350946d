package config

import (
	"net/url"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// HasDirectory tells whether there is a directory to be read.
func (c *Config) HasDirectory() bool { return c.LDAPURL != "" }

// examineDirectory holds the settings of the directory against their forms, and reads whom its certificate must come from. Without an
// address nothing of it counts.
func (c *Config) examineDirectory() {
	c.LDAPRoots = nil
	if !c.HasDirectory() {
		return
	}
	u, err := url.Parse(c.LDAPURL)
	if err != nil || !slices.Contains([]string{"ldap", "ldaps"}, u.Scheme) || u.Hostname() == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		c.wrong = append(c.wrong, Problem{ // which may name an account
			Name: "OKEY_LDAP_URL", Secret: true, What: "n'est pas l'adresse d'un annuaire",
			Do: "Écrivez par exemple ldaps://annuaire.ac-exemple.fr:636, sans compte.",
		})
	}
	c.examineDN("OKEY_LDAP_BIND_DN", c.LDAPBindDN)
	c.examineDN("OKEY_LDAP_BASE", c.LDAPBase)
	if _, err := ldap.CompileFilter(c.LDAPFilter); err != nil {
		c.refuse("OKEY_LDAP_FILTER", c.LDAPFilter, "n'est pas un filtre LDAP (RFC 4515)", "Écrivez par exemple (uid=*).")
	}
	c.LDAPRoots = c.roots("OKEY_LDAP_CA_FILE", c.LDAPCAFile)
	for name, missing := range map[string]bool{
		"OKEY_LDAP_BASE": c.LDAPBase == "", "OKEY_LDAP_UID": c.LDAPUID == "", "OKEY_LDAP_FAMILY_NAME": c.LDAPFamilyName == "",
		"OKEY_LDAP_PASSWORD": c.LDAPPassword == "" && c.LDAPBindDN != "",
	} {
		if missing {
			c.wrong = append(c.wrong, Problem{Name: name, What: "manque", Do: helps[name]})
		}
	}
}

func (c *Config) examineDN(name, text string) {
	if _, err := ldap.ParseDN(text); err != nil {
		c.refuse(name, text, "n'est pas un nom d'entrée (DN)", "Écrivez par exemple ou=personnels,dc=ac-exemple,dc=fr.")
	}
}
