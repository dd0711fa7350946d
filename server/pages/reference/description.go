package reference

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/server/web"
)

// description is openapi.yaml as the page shows it.
type description struct {
	First   string // a call to begin with
	Guide   []section
	Tokens  []section
	Groups  []group
	Objects []object
	Values  []values
	Errors  []failure
}

// failure is an example of an answer that refuses.
type failure struct{ ID, Code, Name, Text string }

// group is what stands under a tag.
type group struct {
	section
	Operations []operation
}

type operation struct {
	ID, Summary, Method, Path string
	Tokens                    string // whose it answers
	About                     []block
	Parameters                []web.Row
	Body                      []web.Row
	Calls                     []sample
	Answers                   []web.Row
	Errors                    []web.NavLink // to examples
	Samples                   []sample
}

// sample is an example, and what it is of.
type sample struct{ Name, Text string }

// object is a named schema, or what an answer has in it.
type object struct {
	ID, Name string
	Fields   []web.Row
}

// values are those of an enum.
type values struct {
	ID, Name, About string
	Rows            []web.Row
}

func read(text []byte) description {
	root := parse(text)
	d := description{First: root.at("info", "x-first-call").text(), Guide: sectionsOf("guide", root.at("info", "description").text())}
	for _, scheme := range root.at("components", "securitySchemes").entries() {
		d.Tokens = append(d.Tokens, section{ID: "jeton-" + scheme.key, Blocks: blocksOf(scheme.value.at("description").text())})
	}
	for _, tag := range root.at("tags").items() {
		name := tag.at("name").text()
		g := group{section: section{ID: "partie-" + slug(name), Name: name, Blocks: blocksOf(tag.at("description").text())}}
		for _, path := range root.at("paths").entries() {
			for _, method := range []string{"get", "post", "put"} {
				o := path.value.at(method)
				if !o.missing() && slices.Contains(o.at("tags").texts(), name) {
					g.Operations = append(g.Operations, operationOf(root, path, method, o))
				}
			}
		}
		for _, hook := range root.at("webhooks").entries() {
			if o := hook.value.at("post"); slices.Contains(o.at("tags").texts(), name) {
				g.Operations = append(g.Operations, webhookOf(root, hook, o))
			}
		}
		d.Groups = append(d.Groups, g)
	}
	for _, schema := range root.at("components", "schemas").entries() {
		switch {
		case !schema.value.at("enum").missing():
			d.Values = append(d.Values, valuesOf(schema.key, schema.value))
		case schema.value.at("type").text() == "object" && !schema.value.at("properties").missing():
			d.Objects = append(d.Objects, object{ID: objectID(schema.key), Name: schema.key, Fields: fieldsOf(schema.value, "", false)})
		}
	}
	for _, e := range root.at("components", "examples").entries() {
		if code := e.value.at("value", "code"); !code.missing() {
			d.Errors = append(d.Errors, failure{
				exampleID(e.key), code.text(), e.value.at("summary").text(), e.value.at("value").json(true),
			})
		}
	}
	return d
}

func exampleID(name string) string { return "exemple-" + name }
func objectID(name string) string  { return "objet-" + name }
func valuesID(name string) string  { return "valeurs-" + name }

func operationOf(root node, path entry, method string, o node) operation {
	op := operation{
		ID: o.at("operationId").text(), Summary: o.at("summary").text(), Method: strings.ToUpper(method),
		Path: root.at("servers").items()[0].at("url").text() + path.key, Tokens: tokensOf(root, o),
	}
	if about := o.at("description").text(); about != "" {
		op.About = blocksOf(about)
	}
	for _, p := range slices.Concat(path.value.at("parameters").items(), o.at("parameters").items()) {
		places := map[string]string{"path": "adresse", "query": "filtre", "header": "en-tête"}
		op.Parameters = append(op.Parameters, web.Row{
			{Text: p.at("name").text(), Whole: true},
			{Text: places[p.at("in").text()]},
			typeOf(p.at("schema"), false),
			{Text: plain(p.at("description").text())},
		})
	}
	if o.at("requestBody").missing() {
		op.Calls = []sample{{"", op.call()}}
	}
	for _, media := range o.at("requestBody", "content").entries() {
		op.Body = fieldsOf(media.value.at("schema"), "", true)
		for _, example := range examplesOf(media.value) {
			op.Calls = append(op.Calls, sample{example.key, op.call(bodyOf(media.key, example.value)...)})
		}
	}
	for _, answer := range o.at("responses").entries() {
		op.answered(answer)
	}
	return op
}

// webhookOf is what OKEY asks of others: to show it is its body, not a call.
func webhookOf(root node, hook entry, o node) operation {
	op := operationOf(root, hook, "post", o)
	op.Path, op.Calls = "votre récepteur", nil
	for _, media := range o.at("requestBody", "content").entries() {
		for _, example := range examplesOf(media.value) {
			op.Calls = append(op.Calls, sample{example.key, example.value.json(true)})
		}
	}
	return op
}

// call is the operation as a shell asks for it.
func (op operation) call(body ...string) string {
	words := []string{"curl", "--oauth2-bearer", "$JETON"}
	if op.Method == http.MethodPut || op.Method == http.MethodPost && len(body) == 0 {
		words = append(words, "-X "+op.Method)
	}
	path := strings.NewReplacer("{id}", "$ID", "{serial}", "$SERIAL").Replace(op.Path)
	return strings.Join(append(append(words, body...), "$OKEY"+path), " ")
}

// bodyOf are the words of a call that send an example: JSON, or a form with a file.
func bodyOf(media string, example node) (words []string) {
	if media == "application/json" {
		return []string{"--json", "'" + strings.ReplaceAll(example.json(false), "'", `'\''`) + "' \\\n "}
	}
	for _, field := range example.entries() {
		if field.key == "file" {
			words = append(words, "-F", "file=@fichier.csv")
		} else {
			words = append(words, "-F", field.key+"="+field.value.text())
		}
	}
	return words
}

// answered adds an answer: what it says, and the codes or the object that are in it.
func (op *operation) answered(answer entry) {
	status, within := answer.key, web.Cell{}
	if status == "default" {
		status = "autre"
	}
	for _, media := range answer.value.at("content").entries() {
		if media.key == "application/problem+json" {
			var codes []string
			for _, example := range media.value.at("examples").entries() {
				code := example.value.at("value", "code").text()
				codes = append(codes, code)
				op.Errors = append(op.Errors, web.NavLink{Name: code, Path: "#" + exampleID(example.value.name)})
			}
			within = web.Cell{Text: strings.Join(codes, ", "), Path: "#" + valuesID("ErrorCode")}
			continue
		}
		schema := media.value.at("schema")
		if schema.name != "" {
			within = web.Cell{Text: schema.name, Path: "#" + objectID(schema.name)}
		}
		for _, example := range examplesOf(media.value) {
			op.Samples = append(op.Samples, sample{answer.key + " : " + example.key, example.value.json(true)})
		}
	}
	op.Answers = append(op.Answers, web.Row{{Text: status}, {Text: plain(answer.value.at("description").text())}, within})
}

// examplesOf are those of a body, by what they say they are.
func examplesOf(media node) (all []entry) {
	if one := media.at("example"); !one.missing() {
		return []entry{{"", one}}
	}
	for _, e := range media.at("examples").entries() {
		all = append(all, entry{e.value.at("summary").text(), e.value.at("value")})
	}
	return all
}

// tokensOf says whose token an operation answers.
func tokensOf(root, o node) string {
	security := o.at("security")
	if security.missing() {
		security = root.at("security")
	}
	var all []string
	for _, one := range security.items() {
		for _, scheme := range one.entries() {
			if scopes := scheme.value.texts(); len(scopes) > 0 {
				all = append(all, "d'un service, portée "+strings.Join(scopes, ", "))
			} else {
				all = append(all, "d'une personne")
			}
		}
	}
	return strings.Join(all, ", ou ")
}

// fieldsOf are the fields of an object, those within it under its name: timeline[].at.
func fieldsOf(schema node, within string, sent bool) (rows []web.Row) {
	for _, property := range schema.at("properties").entries() {
		name, value := within+property.key, property.value
		kind := typeOf(value, sent && slices.Contains(schema.at("required").texts(), property.key))
		rows = append(rows, web.Row{{Text: name}, kind, {Text: plain(value.at("description").text())}})
		if value.name != "" {
			continue // it has rows of its own elsewhere
		}
		if value.at("type").text() == "array" {
			name, value = name+"[]", value.at("items")
		}
		if inner, _ := orNull(value); inner.name == "" {
			rows = append(rows, fieldsOf(inner, name+".", sent)...)
		}
	}
	return rows
}

// orNull is what a value is where it is not null, and whether it may be.
func orNull(schema node) (node, bool) {
	null := false
	for _, one := range schema.at("oneOf").items() {
		if one.at("type").text() == "null" {
			null = true
		} else {
			schema = one
		}
	}
	return schema, null
}

var typeNames = map[string]string{
	"string": "texte", "integer": "nombre entier", "boolean": "true ou false", "object": "objet", "array": "liste", "null": "null",
	"date-time": "instant, RFC 3339", "date": "jour, AAAA-MM-JJ", "uuid": "UUID", "uri": "adresse", "application/octet-stream": "fichier",
}

// typeOf says what a value is, and leads to where that is described.
func typeOf(schema node, required bool) (cell web.Cell) {
	inner, null := orNull(schema)
	kinds := append(inner.at("type").texts(), inner.at("type").text())
	list := inner.at("items")
	switch {
	case inner.name != "" && !inner.at("enum").missing():
		cell = web.Cell{Text: inner.name, Path: "#" + valuesID(inner.name)}
	case inner.name != "" && !inner.at("properties").missing():
		cell = web.Cell{Text: inner.name, Path: "#" + objectID(inner.name)}
	case list.name != "" && !list.at("properties").missing():
		cell = web.Cell{Text: "liste de " + list.name, Path: "#" + objectID(list.name)}
	case !inner.at("anyOf").missing():
		cell = web.Cell{Text: "code", Path: "#" + valuesID("ErrorCode")}
	case !inner.at("const").missing():
		cell.Text = inner.at("const").text()
	default:
		for _, precise := range []string{inner.at("contentMediaType").text(), inner.at("format").text(), kinds[0]} {
			if cell.Text == "" {
				cell.Text = typeNames[precise]
			}
		}
		cell.Text += bounds(inner)
	}
	if null || slices.Contains(kinds, "null") && kinds[0] != "null" {
		cell.Text += " ou " + typeNames["null"]
	}
	if required {
		cell.Text += ", obligatoire"
	}
	return cell
}

// bounds say how long a text may be, or how great a number.
func bounds(schema node) string {
	between := func(least, most, of string) string {
		from, to := schema.at(least).text(), schema.at(most).text()
		switch {
		case from != "" && to != "":
			return fmt.Sprintf(" de %s à %s%s", from, to, of)
		case to != "":
			return fmt.Sprintf(", %s%s au plus", to, of)
		case from != "" && of == "":
			return fmt.Sprintf(", %s au moins", from)
		}
		return ""
	}
	return between("minimum", "maximum", "") + between("minLength", "maxLength", " caractères") +
		between("minItems", "maxItems", " éléments")
}

func valuesOf(name string, schema node) values {
	v := values{ID: valuesID(name), Name: name, About: plain(schema.at("description").text())}
	for _, one := range schema.at("x-enumDescriptions").entries() {
		v.Rows = append(v.Rows, web.Row{{Text: one.key}, {Text: plain(one.value.text())}})
	}
	return v
}
