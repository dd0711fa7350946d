package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wordRule is something that no text may have: one word for a thing everywhere, French that a person says.
type wordRule struct {
	wrong   string // a regular expression
	instead string // what to say
	right   string // where it stands all the same: a regular expression of what to look past
}

// command are lines, columns, settings and addresses that whoever runs OKEY types: they are spelled as programs spell them.
const command = `« okey [^»]*»|--[a-z-]+|OKEY_\w+|TEMPORAL_\w+|SMTP_\w+|\b[a-z]+://\S*|[a-z_]+;[a-z_;\[\]]+|hôte:port|HÔTE:PORT`

// glossary is one term for a thing: OKEY's words, and those that people might take for them.
var glossary = []wordRule{
	{`(?i)\bclés?([^\p{L}]|$)`, "clef", `« Commande de clés OTP »`},
	{`(?i)\be-?mails?\b|\bmél\b|\bmails?\b`, "courriel", ``},
	{`(?i)\b(help ?desk|hotline|support)\b`, "assistance", `^support ou auditor\.$`},
	{`(?i)\b(login|logins|loguer|log-?in|sign-?in|s'identifier|identifiez-vous|s'authentifier|authentifiez-vous)\b`, "se connecter", ``},
	{`(?i)\bvalid(er|ez|ation)\b`, "accepter, vérifier ou confirmer", ``},
	{`(?i)\brequêtes?\b`, "demande", ``},
	{`(?i)\b(les|un|des|votre) responsables?\b`, "direction", ``},
	{`(?i)\btokens?\b`, "clef, ou jeton pour un programme", `« okey token »|^Tokens$`},
	{`(?i)\bpins?\b`, "code PIN", `(?i)\bcodes? PIN\b|pin-\w+`},
	{`(?i)\b(principaux|principal|proviseure?s?|directeur|directrice)\b`, "chef d'établissement, ou direction", ``},
	{`\bRNE\b`, "UAI", ``},
	{`(?i)\b(colis|envoi de clefs)\b`, "livraison", ``},
	{`(?i)\bclefs? (gardée|attribuée)|\bgardées? pour |\best attribuée|(celle|celui) .{0,12}attribuée|mises? de côté`, "réservée", ``},
	{`(?i)\b(dongle|calculette)s?\b`, "clef", ``},
	{`(?i)\b(uploader|upload|télécharger? vers|downloader)\b`, "envoyer, ou télécharger", ``},
}

func TestOneWordForAThing(t *testing.T) { hold(t, glossary) }

var typography = []wordRule{
	{`["“”]`, "« »", `\(""\)`},
	{`[’‘]`, "l'apostrophe droite, partout la même", ``},
	{`\.\.\.`, "…", ``},
	{`[^ \x{a0}\x{202f}({][?!;»](\s|$)`, "une espace avant", ``},
	{
		`[\p{L})»] ?:\p{L}|\p{L}: `,
		"une espace de chaque côté du deux-points",
		`Authorization: Bearer|Content-Type: application/json|motdepasse|version:clef`,
	},
	{`«[^ \x{a0}]`, "une espace après «", ``},
	{`  | [,.](\s|$)|\w\.\.$`, "une espace ou un point de moins", ``},
	{`\(e?s\)|\(e\)|·e\b`, "okey.SayCount ou okey.SayEither", ``},
	{`\b[Nn]o\. |\b[Nn]° ?$|\bn°[^ \x{a0}]|\b[Nn]uméro n°`, "n° 12", `^(Commande )?[Nn]°$`},
	{`(?i)\b1[èe]re\b|\b\d+(è|i)?[èe]mes?\b|\b1 er\b`, "1re, 1er, 2e", ``},
	{`\b\d{1,2}:\d{2}\b|\b\d{1,2}h\d{2}`, "9 h 12", `\d{4} \d{2}:\d{2}|T\d{2}:\d{2}:\d{2}Z|127\.0\.0\.1:\d+`},
	{`%!|<no value>|\b(TODO|FIXME|XXX|lorem|foo|bar)\b`, "le vrai texte", ``},
	{
		`\b(Etat|Etablissement|Ecole|Etape|Ecri\w+|Echec|Etes|Evite\w*)s?\b|^A (propos|vérifier|revoir|suivre|répondre)`,
		"les capitales ont leurs accents",
		``,
	},
}

func TestTextsKeepFrenchTypography(t *testing.T) { hold(t, typography) }

// programs are the values that a program sends to the API: the error says which, and what each means.
const programs = `\w+ \(\p{L}+( \p{L}+)*\)`

var frenchAlone = []wordRule{
	{
		`(?i)\b(the|this|that|with|without|from|must|cannot|unknown|missing|already|when|while|does|are|was|and|please|click|submit|next|error|failed|invalid|required|no such|denied|back to)\b`,
		"du français",
		`« next »|debug, info, warn ou error`,
	},
	{
		`\b[a-z]+_[a-z_]+\b`,
		"ce que le code veut dire",
		programs + `|numero_de_serie|date_d_expiration|\ben_stock|\ben_service|\(okey_app\)|(start|end)_date`,
	},
	{
		`(?i)\b(json|uuid|sql|null|nil|timeout|payload|webhook|backend|frontend|hash|workflow|idempotency)\b`,
		"ce qu'une personne comprend",
		programs + `|L'API lit du JSON.*|attend un UUID|objet JSON|text ou json`,
	},
	{`\b(approve|lost|defective|found|retired|attributed|reserved|refused|withdrawn|expired)\b`, "du français", programs},
}

func TestTextsAreFrenchAndNoCodes(t *testing.T) { hold(t, frenchAlone) }

// literary are turns that nobody in an administration writes.
var literary = []wordRule{
	{
		`(?i)(\b(de|par|pour|chez|avec|car|et|ou|que|mais|freiner|prévenir|aider)|(^|[^\p{L}])à) qui\b|[:;] qui [^?]*[.;]|(^|[.?!] )Qui [^?]*\.`,
		"la personne qui : « qui » reprend un mot de la phrase",
		`(?i)\bqui [^.:;?!]* (et|ou) qui\b|\b(personne|collègue)s? (à|de|par|pour|avec|chez) qui\b|` + // it has its word
			`\bqui [^.:;?!]*\?|à qui vous\b|^\*À qui$|\bavec qui :|\bpar qui, quand\b`, // it asks
	},
	{`(?i)\b(dites|notez)-(la|le|les) \p{L}*(ée?s?|ue?s?|eux|euses?)([^\p{L}]|$)`, "déclarez-la perdue", ``},
	{`(?i)\bdit (encore )?vrai\b|\bne se défait pas\b|; [^.;?!]*\?`, "est exact, est définitif ; une question commence une phrase", ``},
	{`(?i)\bportez-(la|le|les)\b|\bpar (vous|lui|elle)-même`, "apportez la clef, parlez-en ; vous avez déclaré", ``},
	{`(?i)\bdésormais\b`, "maintenant, ou rien", ``},
	{`(?i)\bd'(elles?|eux)-mêmes?([^\p{L}]|$)|\bde lui-même([^\p{L}]|$)|\btoute?s? seule?s?\b`, "automatiquement, ou rien", ``},
	{`(?i)\bfait son temps\b|\bson temps est passé`, "ce qui n'est plus nécessaire", ``},
	{`(?i)\brécri|\bse réécri`, "mis à jour, renvoyé", ``},
	{`(?i)\ben peine\b|\btout droit à|\bla cause levée`, "le plus, directement, une fois la cause corrigée", ``},
	{`(?i)\b\d+ fois sur \d+`, "90 % des demandes", ``},
	{`(?i)^(clef )?en main$`, "clef reçue", ``},
	{`(?i)\bmême en partie\b|\bet le tri\b`, "un intitulé de quelques mots", ``},
}

func TestTextsArePlain(t *testing.T) { hold(t, literary) }

const (
	wordsASentence      = 25
	semicolonsASentence = 1
)

// asSigned are texts that stay as they are, and why.
var asSigned = map[string]string{
	"okey/charter.txt": "who has signed it signed these very words: another text is another version, for the academy to publish",
}

var (
	sentenceEnd = regexp.MustCompile(`[.?!:…]([\s\x{a0}\x{202f}]*[»)])?([\s\x{a0}\x{202f}]|$)`)
	columns     = regexp.MustCompile(`numero_de_serie ; [a-z_; ]+`)
)

func TestSentencesAreShort(t *testing.T) {
	commands := regexp.MustCompile(command)
	for text, files := range catalogue(t) {
		if asSigned[files[0]] != "" {
			continue
		}
		for _, sentence := range sentenceEnd.Split(columns.ReplaceAllString(commands.ReplaceAllString(text, "x"), "x"), -1) {
			assert.LessOrEqual(t, len(wordsOf(sentence)), wordsASentence, "%v: « %s »: say it in two sentences, or with less", files, sentence)
			assert.LessOrEqual(t, strings.Count(sentence, ";"), semicolonsASentence, "%v: « %s »: say it in two sentences", files, sentence)
		}
	}
}

// wordsOf are a sentence's words: what the program fills in is one each, a sign that stands alone none.
func wordsOf(sentence string) []string {
	return slices.DeleteFunc(strings.Fields(strings.ReplaceAll(sentence, "{}", "x")), func(word string) bool {
		return !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	})
}

// What Go, a library or the system says of a failure is English, and for the log: no message for people is made of it.
func TestNoMessageForPeopleIsMadeOfAnError(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || s.standalone() || within(s.pkg, "okey/tools") || within(s.pkg, "okey/internal/postgres") ||
			s.file == "cmd/okey/secrets.go" {
			continue // the last one passes on what package config says, in French
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), s.file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			var message []ast.Expr
			switch n := node.(type) {
			case *ast.CallExpr:
				if slices.Contains([]string{"okey.Errorf", "okey.InvalidField", "Errorf", "InvalidField"}, called(n)) {
					message = n.Args
				}
			case *ast.KeyValueExpr:
				if key, is := n.Key.(*ast.Ident); is && key.Name == "Message" {
					message = []ast.Expr{n.Value}
				}
			}
			for _, part := range message {
				assert.False(
					t,
					speaksOfError(part),
					"%s: a message is made of an error's own words: config.Cause, or a sentence of yours",
					s.file,
				)
			}
			return true
		})
	}
}

// speaksOfError tells whether an error, or its text, goes into an expression as it is.
func speaksOfError(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.CallExpr:
			name := called(n)
			found = found || strings.HasSuffix(name, ".Error") && len(n.Args) == 0
			return strings.HasPrefix(name, "fmt.Sprint") // what else is called makes words of its own
		case *ast.Ident:
			found = found || n.Name == "err"
		case *ast.SelectorExpr:
			return false
		}
		return true
	})
	return found
}

func hold(t *testing.T, rules []wordRule) {
	t.Helper()
	texts := catalogue(t)
	commands := regexp.MustCompile(command)
	for _, rule := range rules {
		wrong, right := regexp.MustCompile(rule.wrong), regexp.MustCompile(`^\x00`)
		if rule.right != "" {
			right = regexp.MustCompile(rule.right)
		}
		for _, text := range slices.Sorted(maps.Keys(texts)) {
			if found := wrong.FindString(right.ReplaceAllString(commands.ReplaceAllString(text, "x"), "x")); found != "" {
				assert.Fail(t, "a word out of place", "%v: « %s » has %q: say %s", texts[text], text, found, rule.instead)
			}
		}
	}
}
