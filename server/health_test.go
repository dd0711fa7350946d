package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHealthAnswersEveryProbe(t *testing.T) {
	h := newHouse(t)
	for method, want := range map[string]int{http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405} {
		request, err := http.NewRequestWithContext(t.Context(), method, h.URL+"/healthz", http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err, method)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, response.StatusCode, method)
	}
}
