package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// usages are what the parser of command lines has to say, in French: it knows English alone.
var usages = []struct {
	said   *regexp.Regexp
	french string
}{
	{regexp.MustCompile(`^unexpected argument (.+), did you mean (?:one of )?(.+)\?$`), "« %s » n'est pas attendu ici ; peut-être %s"},
	{regexp.MustCompile(`^unexpected argument (.+)$`), "« %s » n'est pas attendu ici"},
	{regexp.MustCompile(`^unknown flag (.+), did you mean (?:one of )?(.+)\?$`), "l'option %s n'existe pas ; peut-être %s"},
	{regexp.MustCompile(`^unknown flag (.+)$`), "l'option %s n'existe pas"},
	{regexp.MustCompile(`^expected one of (.+)$`), "la commande est incomplète : ajoutez l'un de ces mots (%s)"},
	{regexp.MustCompile(`^expected (.+)$`), "la commande est incomplète : il manque %s"},
	{regexp.MustCompile(`^missing flags: (.+)$`), "il manque %s"},
	{regexp.MustCompile(`^missing positional arguments (.+)$`), "la commande est incomplète : il manque %s"},
	{regexp.MustCompile(`^(.+) must be one of (.+) but got (.+)$`), "%s attend l'un de ces mots (%s), pas « %s »"},
	{
		regexp.MustCompile(`^(--[a-z-]+).*: (?:expected (?:string|int|bool|duration) value but got|missing value|expected \S+ value).*$`),
		"l'option %s attend une valeur",
	},
	{
		regexp.MustCompile(`^(--[a-z-]+).*: expected (?:a |an )?(?:valid )?duration but got "?([^":]*)"?.*$`),
		"l'option %s attend une durée comme 30m ou 1h, pas « %s »",
	},
	{regexp.MustCompile(`^(--[a-z-]+).*: bool value must be .+ but got "?([^"]*)"?$`), "l'option %s n'attend pas de valeur comme « %s »"},
	{regexp.MustCompile(`^(--[a-z-]+).*: expected .*$`), "l'option %s n'a pas la valeur attendue"},
	{regexp.MustCompile(`^no command selected$`), "dites quelle commande"},
	{regexp.MustCompile(`^unexpected flag argument (.+)$`), "l'option n'attend pas la valeur « %s »"},
}

// sayUsage says what is wrong with a command line; empty where nobody has put it into French.
func sayUsage(err error) string {
	for _, u := range usages {
		if parts := u.said.FindStringSubmatch(err.Error()); parts != nil {
			values := make([]any, len(parts)-1)
			for i, part := range parts[1:] {
				values[i] = unquoted.Replace(part)
			}
			return fmt.Sprintf(u.french, values...)
		}
	}
	return ""
}

// unquoted are the parser's lists as French writes them.
var unquoted = strings.NewReplacer(`",""`, "", `", "`, ", ", `","`, ", ", `, ...`, "…", `"`, "")

// helpWords are the parser's own words in the help: the others stand beside each command and each setting.
var helpWords = strings.NewReplacer(
	"Usage: ", "Usage : ", "<command>", "<commande>", "[flags]", "[options]", "\nArguments:", "\nArguments :", "\nFlags:", "\nOptions :",
	"\nCommands:", "\nCommandes :", "Show context-sensitive help.", "Afficher cette aide.",
)

var moreHelp = regexp.MustCompile(`Run "([^"]+)" for more information(?: on a command)?\.`)

// printHelp is the parser's help, in French.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	out := ctx.Stdout
	var text strings.Builder
	ctx.Stdout = &text
	err := kong.DefaultHelpPrinter(options, ctx)
	ctx.Stdout = out
	if err != nil {
		return fmt.Errorf("print the help: %w", err)
	}
	_, err = io.WriteString(out, moreHelp.ReplaceAllString(helpWords.Replace(text.String()), "« $1 » en dit plus."))
	return err
}
