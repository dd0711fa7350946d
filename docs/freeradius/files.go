// Package freeradius has the example configuration for FreeRADIUS as it stands beside the documentation. They are the very files that the
// tests and the demonstration run.
package freeradius

import "embed"

// Files are radiusd.conf, okey-site, okey-modules and okey-users.
//
//go:embed radiusd.conf okey-site okey-modules okey-users
var Files embed.FS
