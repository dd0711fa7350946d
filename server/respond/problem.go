// Package respond is how OKEY answers HTTP, whoever asks: statuses, problem+json, cursors, limits, metrics. It knows the domain's
// errors, what an unreadable file is and whether the database is away, and nothing of the rest of the server.
package respond

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"okey/okey"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// Problem is an error as RFC 9457 writes it. Code is stable; Detail is French, for people.
type Problem struct {
	Type     string  `json:"type"`
	Title    string  `json:"title"`
	Status   int     `json:"status"`
	Code     string  `json:"code"`
	Detail   string  `json:"detail"`
	Field    string  `json:"field,omitempty"`
	Instance string  `json:"instance,omitempty"` // names the log lines of this answer
	Errors   []fault `json:"errors,omitempty"`   // each field at fault, where there are several or one
}

// fault is one field at fault.
type fault struct {
	Field  string `json:"field"`
	Row    *int   `json:"row,omitempty"` // of a file
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// The codes that only the way in knows.
const (
	CodeMethod okey.Code = "method_not_allowed"
	CodeMedia  okey.Code = "unsupported_media_type"
)

// public says how a code is answered: its status, and a short title that never changes.
var public = map[okey.Code]struct {
	status int
	title  string
}{
	okey.CodeInternal:        {http.StatusInternalServerError, "Erreur interne"},
	okey.CodeInvalid:         {http.StatusUnprocessableEntity, "Saisie incorrecte"},
	okey.CodeNotFound:        {http.StatusNotFound, "Introuvable"},
	okey.CodeForbidden:       {http.StatusForbidden, "Action réservée"},
	okey.CodeOwnRequest:      {http.StatusForbidden, "Votre propre demande"},
	okey.CodeUnauthorized:    {http.StatusUnauthorized, "Identification nécessaire"},
	okey.CodeActionReused:    {http.StatusConflict, "Action déjà utilisée"},
	okey.CodeAlreadyOpen:     {http.StatusConflict, "Demande déjà en cours"},
	okey.CodeAlreadyHolds:    {http.StatusUnprocessableEntity, "Clef déjà en main"},
	okey.CodeNotEligible:     {http.StatusUnprocessableEntity, "Demande impossible"},
	okey.CodeWrongStage:      {http.StatusConflict, "Autre étape"},
	okey.CodeClosed:          {http.StatusConflict, "Demande close"},
	okey.CodeNoKeyFree:       {http.StatusConflict, "Aucune clef libre"},
	okey.CodeCharterOutdated: {http.StatusConflict, "Charte dépassée"},
	okey.CodeKeyUnknown:      {http.StatusConflict, "Clef inconnue"},
	okey.CodeKeyElsewhere:    {http.StatusConflict, "Clef d'un autre établissement"},
	okey.CodeKeyNotFree:      {http.StatusConflict, "Clef non disponible"},
	okey.CodeLoanOver:        {http.StatusConflict, "Prêt terminé"},
	okey.CodeKeySuspended:    {http.StatusConflict, "Clef égarée"},
	okey.CodeKeyExpired:      {http.StatusConflict, "Clef expirée"},
	okey.CodeProofMissing:    {http.StatusConflict, "Clef à essayer"},
	okey.CodeKeyTransition:   {http.StatusConflict, "Changement impossible"},
	okey.CodeRateLimited:     {http.StatusTooManyRequests, "Trop d'essais"},
	okey.CodeThrottled:       {http.StatusTooManyRequests, "Trop de codes PIN faux"},
	okey.CodePINLocked:       {http.StatusTooManyRequests, "Code PIN bloqué"},
	okey.CodeNoKey:           {http.StatusConflict, "Pas de clef"},
	okey.CodeNoPIN:           {http.StatusConflict, "Pas de code PIN dans OKEY"},
	okey.CodePINReplaced:     {http.StatusConflict, "Code PIN déjà remplacé"},
	okey.CodeUnavailable:     {http.StatusServiceUnavailable, "Service indisponible"},
	okey.CodeOrderState:      {http.StatusConflict, "Commande à un autre état"},
	okey.CodeOrderQuantity:   {http.StatusConflict, "Trop de clefs"},
	okey.CodeNothingToExport: {http.StatusConflict, "Rien à transmettre"},
	okey.CodeReportDecided:   {http.StatusConflict, "Déjà répondu"},
	okey.CodeReportKnown:     {http.StatusConflict, "Clef déjà connue"},
	okey.CodeDeliveryTaken:   {http.StatusConflict, "Livraison déjà prise"},
	okey.CodeDeliveryChanged: {http.StatusConflict, "Livraison à vérifier"},
	okey.CodeKeysStay:        {http.StatusConflict, "Clefs qui restent"},
	okey.CodeMoveOpen:        {http.StatusConflict, "Départ déjà proposé"},
	okey.CodeMoveOver:        {http.StatusConflict, "Proposition close"},
	okey.CodeOwnKey:          {http.StatusConflict, "Sa propre clef"},
	okey.CodeNotServed:       {http.StatusConflict, "Établissement non servi"},
	okey.CodeSucceeded:       {http.StatusConflict, "Établissement remplacé"},
	okey.CodeEventsGone:      {http.StatusGone, "Événements effacés"},
	okey.CodeTooLarge:        {http.StatusRequestEntityTooLarge, "Envoi trop volumineux"},
	CodeMethod:               {http.StatusMethodNotAllowed, "Méthode refusée"},
	CodeMedia:                {http.StatusUnsupportedMediaType, "Format refusé"},
}

// AsError is err as okey's own; a fault that is none becomes `internal`, whose text shows nothing of it.
func AsError(err error) *okey.Error {
	var known *okey.Error
	if errors.As(err, &known) {
		return known
	}
	if sql.Away(err) {
		const away = "OKEY est momentanément indisponible : réessayez dans un instant."
		return &okey.Error{Code: okey.CodeUnavailable, Message: away, Err: err}
	}
	return &okey.Error{Code: okey.CodeInternal, Message: okey.ErrorMessage(err), Err: err}
}

// StatusOf is the HTTP status of an error.
func StatusOf(err error) int {
	if p, listed := public[AsError(err).Code]; listed {
		return p.status
	}
	return http.StatusConflict
}

// ProblemOf makes the public face of an error: of a fault that is not okey's it shows nothing.
func ProblemOf(status int, err error) Problem {
	e := AsError(err)
	title := public[e.Code].title
	if title == "" {
		title = "Action refusée"
	}
	p := Problem{Type: "about:blank", Title: title, Status: status, Code: string(e.Code), Detail: e.Message, Field: e.Field}
	var several Invalid
	var rows BadRows
	switch {
	case errors.As(err, &rows):
		for _, bad := range rows.Result.Errors {
			p.Errors = append(p.Errors, fault{Field: bad.Column, Row: &bad.Line, Code: string(bad.Code), Detail: bad.Message})
		}
	case errors.As(err, &several):
		for _, one := range several {
			p.Errors = append(p.Errors, fault{Field: one.Field, Code: string(one.Code), Detail: one.Message})
		}
	case e.Field != "":
		p.Errors = []fault{{Field: e.Field, Code: string(e.Code), Detail: e.Message}}
	}
	return p
}

// Fail ends an API call with an error's problem.
func Fail(c *gin.Context, err error) { FailWith(c, StatusOf(err), Unseen(err)) }

// Unseen tells of what does not exist and of what the caller may not see in the same words: serial numbers can be guessed.
func Unseen(err error) error {
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Errorf(okey.CodeNotFound, "Cela n'existe pas, ou n'est pas pour vous.")
	}
	return err
}

// FailWith is Fail with a status of its own.
func FailWith(c *gin.Context, status int, err error) {
	p := Tell(c, status, err)
	RetryAfter(c, status, err)
	if status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="okey"`)
	}
	c.Abort()
	WriteProblem(c.Writer, p)
}

// Tell is an error's problem within an answer, which it names; the log has what is our own fault.
func Tell(c *gin.Context, status int, err error) Problem {
	if status >= http.StatusInternalServerError {
		slog.ErrorContext(c.Request.Context(), "an API call failed", "route", c.FullPath(), "error", err)
	}
	p := ProblemOf(status, err)
	switch id := RequestID(c); {
	case len(id) == len(uuid.Nil.String()) && uuid.Validate(id) == nil:
		p.Instance = "urn:uuid:" + id
	case id != "":
		p.Instance = "x-request-id:" + id // as a proxy calls it
	}
	return p
}

// RetryAfter says after how many seconds it is worth trying again, where time alone mends it.
func RetryAfter(c *gin.Context, status int, err error) {
	switch wait := AsError(err).RetryAfter; {
	case wait > 0:
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	case status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "5")
	}
}

// WriteProblem answers a problem under its own status, not to be kept by anybody on the way.
func WriteProblem(w http.ResponseWriter, p Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		slog.Debug("an answer was not read to its end", "error", err)
	}
}
