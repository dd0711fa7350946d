package api

import (
	_ "embed"
	"encoding/json"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Description is openapi.yaml, which describes the whole API (OpenAPI 3.1). The tests hold every answer against it.
//
//go:embed openapi.yaml
var Description []byte

// descriptionAsJSON is the same for generators that read no YAML. It is our own file: what can't be read is a fault of the build.
var descriptionAsJSON = sync.OnceValue(func() []byte {
	var whole map[string]any
	if err := yaml.Unmarshal(Description, &whole); err != nil {
		panic(err)
	}
	text, err := json.Marshal(whole)
	if err != nil {
		panic(err)
	}
	return text
})
