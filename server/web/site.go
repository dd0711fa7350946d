// Package web is what every page is made of: visit, form, table, list, download, plot, words, addresses, session. It knows how an
// action goes through (act), and no page of any room.
package web

import (
	"okey/config"
	"okey/server/act"
	"okey/sql"
)

// Site makes pages: each room of pages has it.
type Site struct {
	store     *sql.Store
	act       *act.Dispatcher
	session   *Sessions
	academy   academy
	settings  Settings
	templates *Templates
	guide     func(*Visit) *Guide // nil but in a demonstration
}

// NewSite makes what all pages share.
func NewSite(store *sql.Store, a *act.Dispatcher, session *Sessions, settings Settings, templates *Templates) *Site {
	return &Site{store: store, act: a, session: session, academy: academyOf(settings), settings: settings, templates: templates}
}

// Settings are what every page needs of the settings.
type Settings struct {
	URL         string
	Issuer      string // of the identity provider: forms lead there
	SupportMail string
	Conformity  string // to RGAA
	AcademyName string
	Look        config.Look
	LinkKeys    config.Keyring
}
