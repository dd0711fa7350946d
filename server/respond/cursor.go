package respond

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"okey/okey"

	"github.com/gin-gonic/gin"
)

// MaxLimit is the most lines that a page of a list has; one that asks for no number has defaultLimit.
const (
	MaxLimit     = 200
	defaultLimit = 50
)

// LimitOf reads the size of a page; invalid past MaxLimit.
func LimitOf(c *gin.Context) (int, error) {
	text := c.Query("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxLimit {
		return 0, okey.InvalidField("limit", "Le nombre de lignes va de 1 à %d.", MaxLimit)
	}
	return n, nil
}

// CursorOf reads where the page before ended; false on the first page, invalid for what no page has given.
func CursorOf(c *gin.Context, into any) (bool, error) { return CursorNamed(c, "cursor", into) }

// CursorNamed reads the cursor of a parameter; false where there is none, invalid for what no page has given.
func CursorNamed(c *gin.Context, name string, into any) (bool, error) {
	text := c.Query(name)
	if text == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return false, okey.InvalidField(name, "Ce curseur n'est pas de nous : reprenez la valeur de « next », ou partez du début.")
	}
	return true, nil
}

// Page is a page of a list and the cursor that the next page starts from; nil on the last. One row more than it shows tells
// whether there is one. end is the cursor of a row.
func Page[Row, Cursor any](
	limit int, find func(limit int) ([]Row, error), end func(Row) Cursor,
) ([]Row, *string, error) {
	found, err := find(limit + 1)
	if err != nil || len(found) <= limit {
		return found, nil, err
	}
	next, err := CursorAt(end(found[limit-1]))
	return found[:limit], &next, err
}

// CursorAt is a place in a list as callers carry it, opaque to them.
func CursorAt(at any) (string, error) {
	raw, err := json.Marshal(at)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// UnknownQuery names query parameters that a list does not have, and filters that are empty, as where a program's variable was: either
// would show everything. A first page has an empty cursor.
func UnknownQuery(c *gin.Context, known ...string) error {
	var wrong Invalid
	asked := c.Request.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		switch {
		case !slices.Contains(known, name):
			wrong = append(wrong, okey.InvalidField(Shown(name), "Ce filtre n'existe pas ici."))
		case strings.TrimSpace(asked.Get(name)) == "" && name != "cursor":
			wrong = append(wrong, okey.InvalidField(name, "Ce filtre est vide : donnez-lui une valeur, ou ne l'envoyez pas."))
		}
	}
	return wrong.OrNil()
}
