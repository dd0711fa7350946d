package worker

import (
	"okey/config"
	"okey/imports"
	"okey/internal/directory"
	"okey/okey"
)

// DirectoryOf is the academy's directory as the settings have it; nil where there is none.
func DirectoryOf(cfg config.Config) *imports.Directory {
	if !cfg.HasDirectory() {
		return nil
	}
	return &imports.Directory{
		Settings: directory.Settings{
			URL: cfg.LDAPURL, Roots: cfg.LDAPRoots, BindDN: cfg.LDAPBindDN, Secret: cfg.LDAPPassword, Base: cfg.LDAPBase,
			Filter: cfg.LDAPFilter,
		},
		UID: cfg.LDAPUID, FamilyName: cfg.LDAPFamilyName, GivenName: cfg.LDAPGivenName, Mail: cfg.LDAPMail,
		Rules: okey.DirectoryRules{
			Function: cfg.LDAPFunction, Heads: cfg.LDAPHeads, Works: cfg.LDAPWorks, Delegations: cfg.LDAPDelegations,
			Principals: cfg.PrincipalValues, Deputies: cfg.DeputyValues, Application: cfg.Application,
		},
	}
}
