package reference

import "strings"

// block is a paragraph, a list or a heading of a description, which is written in the little of Markdown that it needs.
type block struct {
	Heading string
	Spans   []span
	Items   [][]span
}

// span is a stretch of text, or what is to be typed as it stands.
type span struct {
	Text string
	Code bool
}

func blocksOf(markdown string) (all []block) {
	for part := range strings.SplitSeq(strings.TrimSpace(markdown), "\n\n") {
		if heading, is := strings.CutPrefix(part, "## "); is {
			all = append(all, block{Heading: heading})
			continue
		}
		if !strings.HasPrefix(part, "- ") {
			all = append(all, block{Spans: spansOf(strings.ReplaceAll(part, "\n", " "))})
			continue
		}
		var list block
		for item := range strings.SplitSeq(part, "\n") {
			list.Items = append(list.Items, spansOf(strings.TrimPrefix(item, "- ")))
		}
		all = append(all, list)
	}
	return all
}

func spansOf(text string) (all []span) {
	for i, part := range strings.Split(text, "`") {
		if part != "" {
			all = append(all, span{part, i%2 == 1})
		}
	}
	return all
}

// plain is the text of a table's cell.
func plain(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "`", ""), "\n", " ")
}

// section is a heading with what follows it.
type section struct {
	ID, Name string
	Blocks   []block
}

// sectionsOf are the parts of a text that has headings.
func sectionsOf(id, markdown string) (all []section) {
	for _, b := range blocksOf(markdown) {
		if b.Heading != "" {
			all = append(all, section{ID: id + "-" + slug(b.Heading), Name: b.Heading})
			continue
		}
		last := &all[len(all)-1]
		last.Blocks = append(last.Blocks, b)
	}
	return all
}

// slug is a name as addresses write it.
func slug(name string) string {
	return strings.NewReplacer(" ", "-", "'", "-", "é", "e", "É", "e").Replace(strings.ToLower(name))
}
