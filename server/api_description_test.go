package server_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/sql"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func described(t *testing.T) *openapi3.T {
	t.Helper()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("api/openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(loader.Context))
	return doc
}

// operations calls with each operation and its name.
func operations(doc *openapi3.T, with func(name, path, method string, o *openapi3.Operation)) {
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			with(method+" "+path, path, method, o)
		}
	}
}

// What OKEY sends is described as what it answers is: with examples that are as their schema says, and each type of event.
func TestWhatReceiversAreSentIsDescribed(t *testing.T) {
	doc := described(t)
	media := doc.Webhooks["key"].Post.RequestBody.Value.Content.Get("application/json")
	require.Len(t, media.Examples, 2)
	for name, example := range media.Examples {
		err := doc.ValidateSchemaJSON(media.Schema.Value, example.Value.Value, openapi3.EnableFormatValidation(), openapi3.EnableJSONSchema2020())
		assert.NoError(t, err, name)
	}
	types := []string{string(okey.EventTest)}
	for _, kind := range okey.EventTypes() {
		types = append(types, string(kind))
	}
	assert.ElementsMatch(t, types, enumOf(doc, "EventType"))
	var fields []string
	for _, field := range okey.EventFields() {
		fields = append(fields, string(field))
	}
	assert.ElementsMatch(t, append(fields, "serial"), slices.Collect(maps.Keys(doc.Components.Schemas["EventData"].Value.Properties)))
	for _, trial := range []okey.OutboxEvent{{Type: okey.EventTest, Serial: "TEST"}, {
		Seq: 3, ID: uuid.New(), Type: okey.KeyEventMoved, Serial: "42", State: okey.Lent, UAI: "0069001B", From: "0069001B", UID: "a",
		DueAt: time.Now(), Expires: okey.NewDay(2030, 1, 1),
	}} {
		written, err := json.Marshal(trial.Message(okey.EventFields()))
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(written, &value))
		err = doc.ValidateSchemaJSON(media.Schema.Value, value, openapi3.EnableFormatValidation(), openapi3.EnableJSONSchema2020())
		assert.NoError(t, err, "%s", written)
	}
}

const problemJSON = "application/problem+json"

// Whoever writes a program copies the examples: there is one of each body and of each answer, and each is as its schema says.
func TestEveryExampleIsAsItsSchemaSays(t *testing.T) {
	doc := described(t)
	hold := func(of string, content openapi3.Content) {
		for kind, media := range content {
			if kind == respond.XLSX { // a file: its schema says so, and what is in it
				assert.Equal(t, respond.XLSX, media.Schema.Value.ContentMediaType, of)
				assert.NotEmpty(t, media.Schema.Value.Description, of)
			}
			values := map[string]any{}
			if media.Example != nil {
				values["example"] = media.Example
			}
			for name, example := range media.Examples {
				values[name] = example.Value.Value
			}
			assert.NotEmpty(t, values, "%s has no example", of)
			for name, value := range values {
				err := doc.ValidateSchemaJSON(media.Schema.Value, value, openapi3.EnableFormatValidation(), openapi3.EnableJSONSchema2020())
				assert.NoError(t, err, "%s: %s", of, name)
			}
		}
	}
	operations(doc, func(name, _, _ string, o *openapi3.Operation) {
		if o.RequestBody != nil {
			hold(name, o.RequestBody.Value.Content)
		}
		for status, answer := range o.Responses.Map() {
			hold(name+" "+status, answer.Value.Content)
		}
	})
}

// meanwhile are codes that another status tells too: of what was right when it was sent, and no longer when it was judged.
var meanwhile = []okey.Code{
	okey.CodeForbidden, okey.CodeOwnRequest, okey.CodeNotFound, okey.CodeInvalid, okey.CodeNotEligible, okey.CodeAlreadyHolds,
}

func TestExamplesOfErrorsAreAnsweredSo(t *testing.T) {
	operations(described(t), func(name, _, _ string, o *openapi3.Operation) {
		for status, answer := range o.Responses.Map() {
			media := answer.Value.Content.Get(problemJSON)
			if media == nil {
				continue
			}
			for which, example := range media.Examples {
				value := example.Value.Value.(map[string]any)
				code, says := okey.Code(value["code"].(string)), int(value["status"].(float64))
				if status != "default" {
					assert.Equal(t, status, strconv.Itoa(says), "%s: %s", name, which)
				}
				if says != http.StatusConflict || !slices.Contains(meanwhile, code) {
					assert.Equal(t, respond.StatusOf(okey.Errorf(code, "")), says, "%s: %s", name, which)
				}
				assert.Equal(t, respond.ProblemOf(says, okey.Errorf(code, "")).Title, value["title"], "%s: %s", name, which)
			}
		}
	})
}

// unanswered are codes that no call of the API is answered, and who meets them instead.
var unanswered = map[string]string{
	"unknown_action": "the engine's list", "unknown_signal": "the engine's list", "cancel_ignored": "the engine's list",
	"rate_limited": "pages: links, PINs, sign-in", "report_decided": "pages: keys to confirm", "report_known": "pages: keys to confirm",
	"keys_stay": "pages: moves", "move_open": "pages: moves", "move_over": "pages: moves", "not_served": "pages: moves", "own_key": "pages: moves",
	"mail_leaving": "pages: mails", "mail_just_sent": "pages: mails", "mail_forgotten": "pages: mails", "mail_no_address": "pages: mails",
	"no_failed_mails": "pages: mails", "referral": "the directory's reading", "key_idle": "okey import logins", "holder_unknown": "okey import keys",
}

// Each code of the program is in the description, with what it means, or here, with who meets it.
func TestTheDescriptionNamesEachCode(t *testing.T) {
	doc := described(t)
	known := map[string]bool{}
	for _, code := range append(enumOf(doc, "ErrorCode"), enumOf(doc, "RowCode")...) {
		known[code] = true
	}
	for _, code := range slices.Concat(
		constants(t, "../okey", "Code"), constants(t, "../imports", "Code"), constants(t, "../sql", "Code"), constants(t, "respond", "Code"),
	) {
		_, aside := unanswered[code]
		assert.NotEqual(t, known[code], aside, "%s: in the description, or met elsewhere", code)
		delete(known, code)
	}
	assert.Empty(t, known, "codes that the program does not have")

	answered := map[string]bool{}
	operations(doc, func(_, _, _ string, o *openapi3.Operation) {
		for status := range o.Responses.Map() {
			said, _ := strconv.Atoi(status)
			if o.Responses.Value(status).Value.Content.Get(problemJSON) != nil {
				for _, code := range codesOf(o, said) {
					answered[code] = true
				}
			}
		}
	})
	assert.ElementsMatch(t, enumOf(doc, "ErrorCode"), slices.Collect(maps.Keys(answered)), "each is an example of an operation")
	for code, text := range meanings(t, doc, "ErrorCode") {
		assert.True(t, strings.HasPrefix(text, strconv.Itoa(respond.StatusOf(okey.Errorf(okey.Code(code), "")))+". "), "%s: %s", code, text)
		assert.Equal(t, slices.Contains(meanwhile, okey.Code(code)), strings.Contains(text, " 409 "), "%s: %s", code, text)
	}
}

// What a program decides on is an enum, equal to the program's own list; each value says what it means, and what may follow.
func TestTheDescriptionNamesEachValue(t *testing.T) {
	doc := described(t)
	for name, schema := range doc.Components.Schemas {
		if len(schema.Value.Enum) == 0 {
			continue
		}
		said := meanings(t, doc, name)
		assert.ElementsMatch(t, enumOf(doc, name), slices.Collect(maps.Keys(said)), "%s: each value says what it means", name)
	}
	for name, folder := range map[string]string{
		"Stage": "../okey", "RequestReason": "../okey", "Decision": "../okey", "KeyState": "../okey", "KeyReason": "../okey", "EventKind": "../okey",
		"Via": "../okey", "Function": "../okey", "OrderState": "../okey", "AwaitedKind": "act",
	} {
		assert.ElementsMatch(t, constants(t, folder, name), enumOf(doc, name), name)
	}
	var changes []string
	for _, reason := range okey.ChangeReasons() {
		changes = append(changes, string(reason))
	}
	assert.ElementsMatch(t, changes, enumOf(doc, "ChangeReason"))

	next := map[string]map[string]bool{}
	follows := func(from, to string) {
		if next[from] == nil {
			next[from] = map[string]bool{}
		}
		next[from][to] = true
	}
	for _, row := range okey.Transitions {
		for _, to := range row.To {
			follows("Stage "+string(row.From), string(to))
		}
	}
	for _, row := range okey.KeyTransitions {
		follows("KeyState "+string(row.From), string(row.To))
	}
	list := regexp.MustCompile(`Ensuite : ([a-z_, ]+)\.$`)
	for _, name := range []string{"Stage", "KeyState"} {
		for value, text := range meanings(t, doc, name) {
			var said []string
			if found := list.FindStringSubmatch(text); found != nil {
				said = strings.Split(found[1], ", ")
			}
			assert.ElementsMatch(t, slices.Collect(maps.Keys(next[name+" "+value])), said, "%s %s", name, value)
		}
	}
}

func enumOf(doc *openapi3.T, name string) (values []string) {
	for _, value := range doc.Components.Schemas[name].Value.Enum {
		values = append(values, value.(string))
	}
	return values
}

// meanings are what the values of an enum mean.
func meanings(t *testing.T, doc *openapi3.T, name string) map[string]string {
	t.Helper()
	text, err := json.Marshal(doc.Components.Schemas[name].Value.Extensions["x-enumDescriptions"])
	require.NoError(t, err)
	said := map[string]string{}
	require.NoError(t, json.Unmarshal(text, &said), name)
	return said
}

// A service's token opens what the description says that its scope opens, and nothing else; a person's token opens no service's own.
func TestEachScopeOpensWhatTheDescriptionSays(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	scopes := map[string]string{}
	operations(described(t), func(name, path, method string, o *openapi3.Operation) {
		security := openapi3.SecurityRequirements{{"person": {}}}
		if o.Security != nil {
			security = *o.Security
		}
		opened, people := []string{}, false
		for _, one := range security {
			opened = append(opened, one["service"]...)
			_, forPeople := one["person"]
			people = people || forPeople
		}
		for _, scope := range opened {
			scopes[scope] = h.tokenFor(sql.Bearer{Service: "essai", Scopes: []string{scope}}, time.Hour)
		}
		target := strings.NewReplacer("{id}", uuid.NewString(), "{serial}", "NEANT").Replace(path)
		for _, scope := range []string{"keys", "logins", "pin-checks", "events", "staff", "establishments"} {
			token := h.tokenFor(sql.Bearer{Service: "essai", Scopes: []string{scope}}, time.Hour)
			a := h.send(token, method, target, nil)
			assert.Equal(t, !slices.Contains(opened, scope), a.Status == http.StatusForbidden, "%s with %s: %s", name, scope, a.Text)
		}
		a := h.call(c.support, method, target, nil)
		assert.Equal(t, !people, a.Status == http.StatusForbidden, "%s by a person: %s", name, a.Text)
	})
	assert.Len(t, scopes, 6, "each scope opens something")
}

// openapi.json is openapi.yaml, for generators that read no YAML.
func TestTheDescriptionIsServedAsJSONToo(t *testing.T) {
	h := newHouse(t)
	read := func(name string) *openapi3.T {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h.URL+"/api/v1/openapi."+name, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		assert.Regexp(t, `^"[0-9a-f]{64}"$`, response.Header.Get("ETag"))
		doc, err := openapi3.NewLoader().LoadFromIoReader(response.Body)
		require.NoError(t, err)
		return doc
	}
	one, err := read("yaml").MarshalJSON()
	require.NoError(t, err)
	other, err := read("json").MarshalJSON()
	require.NoError(t, err)
	assert.JSONEq(t, string(one), string(other))
}
