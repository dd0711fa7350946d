package respond

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/imports"
	"okey/okey"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// MaxBody is the most that a request may carry, 1 MB; MaxUpload that of a file, in bytes too.
const (
	MaxBody   = 1 << 20
	MaxUpload = imports.MaxDelivery
)

// Fields are what the body of an API call may have: by name, a pointer to a text, a whole number, a bool or a list of what ReadEach reads.
type Fields map[string]any

// ReadJSON reads the body of an API call into its fields, strictly: JSON only, one object, no other field, each spelled exactly
// and of its type. All that is wrong is named at once: invalid, several or one; else too_large or unsupported_media_type. No body
// is an empty object.
func ReadJSON(c *gin.Context, into Fields) error {
	body, err := io.ReadAll(c.Request.Body)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return okey.Errorf(okey.CodeTooLarge, "Cet envoi dépasse 1 Mo.")
	}
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "L'envoi a été interrompu : recommencez.")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/json" {
		return okey.Errorf(CodeMedia, "L'API lit du JSON : envoyez-le avec l'en-tête Content-Type: application/json.")
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil || given == nil {
		return okey.Errorf(okey.CodeInvalid, "Le corps n'est pas un objet JSON : vérifiez accolades, guillemets et virgules.")
	}
	return into.read(given)
}

func (f Fields) read(given map[string]json.RawMessage) error {
	var wrong Invalid
	for _, name := range slices.Sorted(maps.Keys(given)) {
		field, known := f[name]
		if !known {
			wrong = append(wrong, okey.InvalidField(Shown(name), "Ce champ n'existe pas ici. Champs possibles : %s.", f.names()))
			continue
		}
		err := json.Unmarshal(given[name], field)
		if misfit, found := errors.AsType[*json.UnmarshalTypeError](err); found {
			expected := typeNames[misfit.Type.Kind().String()]
			wrong = append(wrong, okey.InvalidField(name, "Ce champ n'a pas le bon type : %s est attendu.", expected))
		} else if err != nil {
			return err
		}
	}
	return wrong.OrNil()
}

var typeNames = map[string]string{"string": "un texte", "int": "un nombre entier", "bool": "true ou false", "slice": "une liste"}

// ReadEach reads the objects of a list into their fields, each as strictly as ReadJSON reads a body. What is wrong is named with its place:
// items[3].serial.
func ReadEach(list string, objects []json.RawMessage, into func(n int) Fields) error {
	var wrong Invalid
	for n, object := range objects {
		place := fmt.Sprintf("%s[%d]", list, n)
		var given map[string]json.RawMessage
		if err := json.Unmarshal(object, &given); err != nil || given == nil {
			wrong = append(wrong, okey.InvalidField(place, "Un objet JSON est attendu ici."))
			continue
		}
		err := into(n).read(given)
		var several Invalid
		if errors.As(err, &several) {
			for _, one := range several {
				wrong = append(wrong, okey.InvalidField(place+"."+one.Field, "%s", one.Message))
			}
		} else if err != nil {
			return err
		}
	}
	return wrong.OrNil()
}

func (f Fields) names() string {
	if len(f) == 0 {
		return "aucun"
	}
	return strings.Join(slices.Sorted(maps.Keys(f)), ", ")
}

// Shown keeps a stranger's field name short.
func Shown(name string) string {
	const most = 60
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return name
}

// IDOf reads the id of a request of the path. What is no UUID is not_found: no such thing exists.
func IDOf(c *gin.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil || len(c.Param("id")) != 36 {
		return uuid.Nil, okey.Errorf(okey.CodeNotFound, "Cette demande n'existe pas, ou elle n'est pas pour vous.")
	}
	return id, nil
}

const idempotencyKey = "Idempotency-Key"

// ActionOf is the id of the action: what the caller chose, or one made here; invalid where it is no UUID.
func ActionOf(c *gin.Context) (uuid.UUID, error) {
	chosen := c.GetHeader(idempotencyKey)
	if chosen == "" {
		return uuid.New(), nil
	}
	// Drafts of the header write it as a quoted string.
	id, err := uuid.Parse(strings.Trim(chosen, `"`))
	if err != nil || id == uuid.Nil {
		return uuid.Nil, okey.InvalidField(idempotencyKey, "L'en-tête %s attend un UUID, par exemple %s.", idempotencyKey, uuid.New())
	}
	return id, nil
}

// OneOf reads a value out of a list, none where nothing is given; invalid about the field otherwise.
func OneOf[T ~string](field, value string, all []T) (T, error) {
	if value == "" || slices.Contains(all, T(value)) {
		return T(value), nil
	}
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = string(v)
	}
	return "", okey.InvalidField(field, "Cette valeur n'existe pas. Valeurs possibles : %s.", strings.Join(names, ", "))
}

// TimeOrNil is the time as JSON shows it: null where there is none.
func TimeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
