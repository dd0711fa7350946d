// Package api is the JSON API: bearer tokens, problem+json, openapi.yaml. It knows how OKEY answers HTTP and the one way through,
// and nothing of pages.
package api

import (
	"net/http"
	"sync"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// API answers programs.
type API struct {
	store    *sql.Store
	act      *act.Dispatcher
	url      string // of OKEY, for links
	outcomes *sql.Outcomes
	fields   []okey.EventField // of events

	waiting chan struct{} // holds one for each call that waits for events
	leaving chan struct{} // closed: they are to wait no more
	left    sync.Once
}

// New makes the API. fields are those that events have.
func New(store *sql.Store, a *act.Dispatcher, outcomes *sql.Outcomes, url string, fields []okey.EventField) *API {
	return &API{
		store: store, act: a, url: url, outcomes: outcomes, fields: fields,
		waiting: make(chan struct{}, mostWaiting), leaving: make(chan struct{}),
	}
}

// Leave has calls that wait for events answered at once: the server is to stop.
func (s *API) Leave() { s.left.Do(func() { close(s.leaving) }) }

// Routes registers the JSON API: bearer token, problem+json, no cookie. The scope is what a service needs besides people; none
// where people alone may call.
func (s *API) Routes(router gin.IRouter) {
	api := router.Group("/api/v1")
	reads := []string{http.MethodGet, http.MethodHead} // who asks HEAD is answered as GET, without a body
	for path, description := range map[string]gin.HandlerFunc{
		"/openapi.yaml": func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml; charset=utf-8", Description) },
		"/openapi.json": func(c *gin.Context) { c.Data(http.StatusOK, "application/json; charset=utf-8", descriptionAsJSON()) },
	} {
		api.Match(reads, path, respond.Conditional, description)
	}

	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	for _, r := range []struct {
		method, path, scope string
		answer              handler
	}{
		{get, "/me", "", s.getMe},
		{put, "/me/pin", "", s.putPIN},
		{get, "/charter", "", s.getCharter},

		{post, "/requests", "", s.postRequest},
		{get, "/requests", "", s.listRequests},
		{get, "/requests/:id", "", s.getRequest},
		{post, "/requests/:id/signals/principal-decision", "", s.postDecision},
		{post, "/requests/:id/signals/charter-and-pin", "", s.postCharter},
		{post, "/requests/:id/signals/stock-available", "", s.postStock},
		{post, "/requests/:id/signals/handover", "", s.postHandover},
		{post, "/requests/:id/signals/withdrawal", "", s.postWithdrawal},
		{post, "/decisions", "", s.postDecisions},
		{post, "/handovers", "", s.postHandovers},

		{get, "/keys", "keys", s.listKeys},
		{get, "/keys/:serial", "keys", s.getKey},
		{post, "/keys/:serial/changes", "", s.postKeyChange},
		{post, "/keys/:serial/logins", "logins", s.postLogin},
		{post, "/keys/:serial/pin-checks", "pin-checks", s.postPINCheck},

		{get, "/events", "events", s.getEvents},

		{post, "/deliveries", "", s.postDelivery},
		{post, "/staff", "staff", s.postImport(sql.ImportedStaff)},
		{post, "/establishments", "establishments", s.postImport(sql.ImportedEstablishments)},
		{post, "/orders", "", s.postOrder},
		{get, "/orders", "", s.listOrders},
		{get, "/orders/:id", "", s.getOrder},
		{post, "/orders/:id/signals/cancellation", "", s.orderSignal(okey.ActionCancellation)},
		{post, "/orders/:id/signals/shipment", "", s.orderSignal(okey.ActionShipment)},
		{post, "/orders/:id/signals/closing", "", s.orderSignal(okey.ActionClosing)},
		{post, "/orders/:id/signals/receipt", "", s.orderSignal(okey.ActionReceipt)},
		{post, "/exports", "", s.postExport},
		{get, "/exports", "", s.listExports},
		{get, "/exports/:id", "", s.getExport},
	} {
		methods := []string{r.method}
		if r.method == get {
			methods = reads
		}
		api.Match(methods, r.path, respond.NoStore, respond.Conditional, s.bearer(r.scope), failing(r.answer))
	}
}
