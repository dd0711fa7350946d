package server_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// openapi.yaml describes each endpoint, and no other.
func TestTheDescriptionOfTheAPIIsWholeAndTrue(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("api/openapi.yaml")
	require.NoError(t, err)
	parameter := regexp.MustCompile(`\{(\w+)\}`)
	var described, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			path := strings.TrimSuffix(parameter.ReplaceAllString(path, ":$1"), ".xlsx") // one route with the export itself
			described = append(described, method+" "+path)
		}
	}
	for _, route := range newHouse(t).Server.Routes() {
		if method, path, _ := strings.Cut(route, " "); strings.HasPrefix(path, "/api/v1/") && method != "HEAD" && !strings.HasPrefix(path, "/api/v1/openapi.") {
			served = append(served, method+" "+strings.TrimPrefix(path, "/api/v1"))
		}
	}
	slices.Sort(described)
	slices.Sort(served)
	require.Equal(t, slices.Compact(described), slices.Compact(served))
}
