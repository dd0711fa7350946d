package mail

import (
	"fmt"
	"testing"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watcher notes which branches of a letter's words its samples take.
type watcher struct {
	branches []string
	taken    map[string]bool
}

// A letter says one thing or another: some sample says each of them, so that some golden file shows it.
func TestSamplesTakeEveryBranchOfEveryLetter(t *testing.T) {
	for name := range letters {
		content, err := files.ReadFile("words/" + string(name) + ".txt")
		require.NoError(t, err)
		w := &watcher{taken: map[string]bool{}}
		watched := parseLetter(name, string(content))
		for _, part := range watched.all() {
			w.watch(part)
		}
		for _, sample := range Samples() {
			if sample.Letter == name {
				_, err := watched.fill(sample.Facts)
				require.NoError(t, err, sample.Name)
			}
		}
		for _, branch := range w.branches {
			assert.True(t, w.taken[branch], "%s: no sample says what follows %s", name, branch)
		}
	}
}

func (l *parts) all() []*texttemplate.Template {
	all := append(append([]*texttemplate.Template{l.subject, l.button}, l.before...), l.after...)
	if l.item != nil {
		all = append(all, l.item)
	}
	return all
}

// watch puts a mark into both arms of every condition, and into the choice between singular and plural.
func (w *watcher) watch(t *texttemplate.Template) {
	t.Funcs(texttemplate.FuncMap{
		"mark": func(branch string) string { w.taken[branch] = true; return "" },
		"eitherHere": func(branch string, n int, one, many string) string {
			w.taken[fmt.Sprint(branch, n > 1)] = true
			return words["either"].(func(int, string, string) string)(n, one, many)
		},
	})
	w.list(t.Tree.Root)
}

func (w *watcher) list(list *parse.ListNode) {
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.IfNode:
			w.arms(&n.BranchNode)
		case *parse.WithNode:
			w.arms(&n.BranchNode)
		case *parse.ActionNode:
			w.choice(n.Pipe)
		}
	}
}

func (w *watcher) arms(n *parse.BranchNode) {
	condition := fmt.Sprintf("%s at %d", n.Pipe, n.Pos)
	w.list(n.List)
	n.List.Nodes = append(n.List.Nodes, w.mark("where "+condition))
	if n.ElseList == nil {
		n.ElseList = &parse.ListNode{NodeType: parse.NodeList}
	} else {
		w.list(n.ElseList)
	}
	n.ElseList.Nodes = append(n.ElseList.Nodes, w.mark("where not "+condition))
}

func (w *watcher) mark(branch string) parse.Node {
	w.branches = append(w.branches, branch)
	made := texttemplate.New("").Funcs(texttemplate.FuncMap{"mark": func(string) string { return "" }})
	return texttemplate.Must(made.Parse(fmt.Sprintf("{{mark %q}}", branch))).Tree.Root.Nodes[0]
}

func (w *watcher) choice(pipe *parse.PipeNode) {
	for _, command := range pipe.Cmds {
		name, is := command.Args[0].(*parse.IdentifierNode)
		if !is || name.Ident != "either" {
			continue
		}
		branch := fmt.Sprintf("%s at %d: many ", pipe, pipe.Pos)
		w.branches = append(w.branches, fmt.Sprint(branch, false), fmt.Sprint(branch, true))
		name.Ident = "eitherHere"
		told := &parse.StringNode{NodeType: parse.NodeString, Quoted: fmt.Sprintf("%q", branch), Text: branch}
		command.Args = append([]parse.Node{name, told}, command.Args[1:]...)
	}
}
