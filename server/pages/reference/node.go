package reference

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is a place in the description, in the order that it was written in. Where a reference stands it is what that leads to, under the
// reference's name.
type node struct {
	*yaml.Node
	root *yaml.Node
	name string
}

// parse reads the description. It is our own file: what can't be read is a fault of the build.
func parse(description []byte) node {
	var file yaml.Node
	if err := yaml.Unmarshal(description, &file); err != nil {
		panic(err)
	}
	return node{file.Content[0], file.Content[0], ""}
}

// at is what stands under the keys, nothing where one of them lacks.
func (n node) at(keys ...string) node {
	for _, key := range keys {
		var found *yaml.Node
		if n.Node != nil && n.Kind == yaml.MappingNode {
			for i := 0; i < len(n.Content); i += 2 {
				if n.Content[i].Value == key {
					found = n.Content[i+1]
				}
			}
		}
		n = n.to(found)
	}
	return n
}

func (n node) to(found *yaml.Node) node {
	next := node{found, n.root, ""}
	if found == nil || found.Kind != yaml.MappingNode || len(found.Content) != 2 || found.Content[0].Value != "$ref" {
		return next
	}
	place := strings.TrimPrefix(found.Content[1].Value, "#/")
	next = node{n.root, n.root, ""}.at(strings.Split(place, "/")...)
	next.name = path.Base(place)
	return next
}

func (n node) missing() bool { return n.Node == nil }

func (n node) text() string {
	if n.missing() {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

type entry struct {
	key   string
	value node
}

// entries are those of a mapping, in their order.
func (n node) entries() (all []entry) {
	for i := 0; !n.missing() && n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		all = append(all, entry{n.Content[i].Value, n.to(n.Content[i+1])})
	}
	return all
}

// items are those of a list.
func (n node) items() (all []node) {
	for i := 0; !n.missing() && n.Kind == yaml.SequenceNode && i < len(n.Content); i++ {
		all = append(all, n.to(n.Content[i]))
	}
	return all
}

func (n node) texts() (all []string) {
	for _, item := range n.items() {
		all = append(all, item.text())
	}
	return all
}

// json is the value as a program would send it: compact, or a line for each entry.
func (n node) json(indented bool) string {
	var text bytes.Buffer
	n.write(&text)
	if !indented {
		return text.String()
	}
	var lines bytes.Buffer
	if err := json.Indent(&lines, text.Bytes(), "", "  "); err != nil {
		panic(err)
	}
	return lines.String()
}

func (n node) write(to *bytes.Buffer) {
	switch n.Kind {
	case yaml.MappingNode:
		to.WriteByte('{')
		for i, e := range n.entries() {
			if i > 0 {
				to.WriteString(", ")
			}
			writeText(to, e.key)
			to.WriteString(": ")
			e.value.write(to)
		}
		to.WriteByte('}')
	case yaml.SequenceNode:
		to.WriteByte('[')
		for i, item := range n.items() {
			if i > 0 {
				to.WriteString(", ")
			}
			item.write(to)
		}
		to.WriteByte(']')
	default:
		if n.Tag == "!!str" {
			writeText(to, n.Value)
		} else {
			to.WriteString(n.Value)
		}
	}
}

func writeText(to *bytes.Buffer, text string) {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	to.Truncate(to.Len() - 1) // the encoder's end of line
}
