package inbox

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"okey/standalone/otp"
)

// Key is a token of somebody made up, and what it shows.
type Key struct{ Serial, Holder, Shows string }

// ShowKeys has the inbox show the keys too. Where nobody calls it, it says nothing of any.
func (box *Inbox) ShowKeys(keys func(context.Context, time.Time) ([]Key, error)) {
	box.mu.Lock()
	defer box.mu.Unlock()
	box.keys = keys
}

func (box *Inbox) showsKeys() func(context.Context, time.Time) ([]Key, error) {
	box.mu.RLock()
	defer box.mu.RUnlock()
	return box.keys
}

// serveKeys shows what each key shows now; the page is read again when that changes.
func (box *Inbox) serveKeys(w http.ResponseWriter, r *http.Request) {
	shown := box.showsKeys()
	if shown == nil {
		http.NotFound(w, r)
		return
	}
	now := time.Now()
	keys, err := shown(r.Context(), now)
	if err != nil {
		slog.Error("the keys were not read", "error", err)
		http.Error(w, "Les clefs n'ont pas pu être lues.", http.StatusServiceUnavailable)
		return
	}
	words := strings.ToLower(strings.TrimSpace(r.FormValue("q")))
	var found []Key
	for _, key := range keys {
		if strings.Contains(strings.ToLower(key.Serial+" "+key.Holder), words) {
			found = append(found, key)
		}
	}
	render(w, "keys.html", map[string]any{"Words": words, "Keys": found, "Left": otp.Step - now.Unix()%otp.Step})
}
