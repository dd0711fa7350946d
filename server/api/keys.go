package api

import (
	"context"
	"net/http"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// keyView is a key as the API shows it.
type keyView struct {
	Serial            okey.Serial       `json:"serial"`
	Establishment     okey.UAI          `json:"establishment"`
	EstablishmentName string            `json:"establishment_name"`
	State             okey.KeyState     `json:"state"`
	Batch             string            `json:"batch"`
	ExpiresOn         string            `json:"expires_on"`
	Holder            *personView       `json:"holder"`
	Request           *uuid.UUID        `json:"request"`
	ReservedFor       *personView       `json:"reserved_for"` // whose request it is kept aside for
	LastLoginAt       *time.Time        `json:"last_login_at"`
	ChangedAt         time.Time         `json:"changed_at"`
	PriorToOKEY       bool              `json:"prior_to_okey"`
	DueAt             *time.Time        `json:"due_at"` // of a suspended key: when it is lost; of a lent one: when it is to be back
	Links             map[string]string `json:"links"`
	Events            []keyEventView    `json:"events,omitempty"`
}

type keyEventView struct {
	At      time.Time      `json:"at"`
	Reason  okey.KeyReason `json:"reason"`
	State   okey.KeyState  `json:"state"`
	By      *string        `json:"by"`
	Holder  *string        `json:"holder"`
	Comment string         `json:"comment"`
}

func (s *API) keyView(k sql.ListedKey) keyView {
	v := keyView{
		Serial: k.Serial, Establishment: k.UAI, EstablishmentName: k.Establishment, State: k.State, Batch: k.Batch,
		ExpiresOn: k.ExpiresOn.String(), LastLoginAt: respond.TimeOrNil(k.LastLoginAt), ChangedAt: k.ChangedAt, PriorToOKEY: k.PriorToOKEY,
		DueAt: respond.TimeOrNil(k.DueAt),
		Links: map[string]string{"self": s.url + keyPath(k.Serial), "page": s.url + address.KeyURL(k.Serial)},
	}
	if k.HolderName != "" {
		v.Holder = &personView{Name: k.HolderName, UID: k.HolderUID}
	}
	if k.KeptFor != "" {
		v.ReservedFor = &personView{Name: k.KeptFor, UID: k.KeptForUID}
	}
	if k.Request != uuid.Nil {
		v.Request = &k.Request
	}
	return v
}

func keyPath(serial okey.Serial) string { return "/api/v1/keys/" + string(serial) }

// listKeys answers the keys that the caller may see, by serial.
func (s *API) listKeys(c *gin.Context) error {
	filter, err := keyFilter(c)
	if err != nil {
		return err
	}
	found, next, err := respond.Page(filter.Limit, func(limit int) ([]sql.ListedKey, error) {
		filter.Limit = limit
		return s.store.ListKeys(c.Request.Context(), callerOf(c).reach(), filter)
	}, func(last sql.ListedKey) okey.Serial { return last.Serial })
	if err != nil {
		return err
	}
	s.page(c, "keys", viewsOf(found, s.keyView), next)
	return nil
}

func keyFilter(c *gin.Context) (sql.KeyFilter, error) {
	var f sql.KeyFilter
	var wrong respond.Invalid
	var err error
	_ = wrong.Add(readUAI(c.Query("establishment"), &f.Establishment))
	f.State, err = respond.OneOf("state", c.Query("state"), okey.KeyStates())
	_ = wrong.Add(err)
	f.ChangedSince, err = changedSince(c)
	_ = wrong.Add(err)
	f.Holder, f.KeptFor = okey.NormalUID(c.Query("holder")), okey.NormalUID(c.Query("reserved_for"))
	f.Limit, err = respond.LimitOf(c)
	_ = wrong.Add(err)
	_, err = respond.CursorOf(c, &f.AfterSerial)
	_ = wrong.Add(err)
	_ = wrong.Add(respond.UnknownQuery(c, "establishment", "state", "holder", "reserved_for", "changed_since", "limit", "cursor"))
	return f, wrong.OrNil()
}

// getKey answers one key with its story.
func (s *API) getKey(c *gin.Context) error {
	serial, err := serialOf(c)
	if err != nil {
		return err
	}
	view, err := s.wholeKey(c.Request.Context(), callerOf(c), callerOf(c).reach(), serial)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, view)
	return nil
}

// wholeKey is a key with its story, which names earlier holders: a mere holder does not read it, nor one who had it whom it awaits now.
func (s *API) wholeKey(ctx context.Context, who caller, within sql.Reach, serial okey.Serial) (keyView, error) {
	found, err := s.store.ListKeys(ctx, within, sql.KeyFilter{Serial: serial, Limit: 1})
	if err != nil {
		return keyView{}, err
	}
	if len(found) == 0 {
		return keyView{}, act.NoSuchKey()
	}
	view := s.keyView(found[0])
	manages, err := s.managesKey(ctx, who, found[0].Key)
	if err != nil || !manages {
		view.ReservedFor = nil
		return view, err
	}
	story, err := s.store.KeyStory(ctx, serial)
	for _, e := range story {
		view.Events = append(view.Events, keyEventView{
			At: e.At.UTC(), Reason: e.Reason, State: e.State, By: textOrNil(e.By), Holder: textOrNil(e.Holder), Comment: e.Comment,
		})
	}
	return view, err
}

func (s *API) managesKey(ctx context.Context, who caller, key okey.Key) (bool, error) {
	if who.service != "" {
		return true, nil
	}
	subject, err := s.store.SubjectOfKey(ctx, key)
	if err != nil {
		return false, err
	}
	today, err := s.store.Today(ctx, key.UAI, time.Now())
	subject.Owner = okey.PersonID{}
	return err == nil && okey.May(okey.ActSee, who.Actor, subject, today) == nil, err
}

func textOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// postKeyChange reports what happened to a key.
func (s *API) postKeyChange(c *gin.Context) error {
	serial, err := serialOf(c)
	if err != nil {
		return err
	}
	cmd := act.Command{Name: okey.ActionKeyChange, Key: serial, Via: okey.ViaAPI}
	cmd.Read(c, respond.ReadJSON(c, respond.Fields{"reason": &cmd.Content.KeyReason, "comment": &cmd.Content.Comment}))
	return s.do(c, cmd, reply{
		again:  func(okey.Action) string { return keyPath(serial) },
		status: http.StatusOK,
		view: func(okey.Action) (any, error) {
			// Whoever has just declared their own key lost no longer sees it; this once they do.
			return s.wholeKey(c.Request.Context(), callerOf(c), sql.Reach{All: true}, serial)
		},
	})
}
