package server_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever writes a program finds on one page each operation, each code and each value, and every link of it leads somewhere.
func TestThePageOfTheAPIShowsAllThatTheDescriptionSays(t *testing.T) {
	h, doc := newHouse(t), described(t)
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h.URL+"/api", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	text := string(body)
	operations(doc, func(name, path, method string, o *openapi3.Operation) {
		assert.Contains(t, text, `<h3 id="`+o.OperationID+`">`, name)
		assert.Contains(t, text, `<code><strong>`+method+`</strong> /api/v1`+path+`</code>`)
	})
	for name, schema := range doc.Components.Schemas {
		if len(schema.Value.Enum) == 0 {
			continue
		}
		for value := range meanings(t, doc, name) {
			assert.Contains(t, text, `data-label="Valeur">`+value+`<`, name)
		}
	}
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		assert.False(t, ids[id[1]], "%s twice", id[1])
		ids[id[1]] = true
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(text, -1) {
		assert.True(t, ids[link[1]], "%s leads nowhere", link[1])
	}
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`role="region" aria-label="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		assert.False(t, names[name[1]], "two tables are named %s", name[1])
		names[name[1]] = true
	}
}
