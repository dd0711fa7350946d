package web

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"okey/okey"

	"github.com/google/uuid"
)

// How people write what they look for: with what comes before a number, in an address that they paste, as a school's sign has it.

// spelledOut are what people put before the number of a request, an order or a delivery.
var spelledOut = strings.NewReplacer(
	"demande", "", "commande", "", "livraison", "", "numéro", "", "numero", "", "n°", "", "nº", "", "no", "", "#", "", "la ", "",
	"(", "", ")", "",
)

// wholeID is an id, wherever it stands: in an address of OKEY's, in the name of a workflow; with its hyphens or without.
var wholeID = regexp.MustCompile(`\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b`)

// startOfID is as much of an id as people copy: pages show eight digits of it.
var startOfID = regexp.MustCompile(`^[0-9a-f]{6,31}$`)

// IDsTyped are the first and last id that what was typed may be: a whole one, or the beginning of one; ok is false for neither.
func IDsTyped(asked string) (from, to uuid.UUID, ok bool) {
	asked = strings.ToLower(asked)
	if whole := wholeID.FindString(asked); whole != "" {
		id, err := uuid.Parse(whole)
		return id, id, err == nil
	}
	start := strings.ReplaceAll(strings.TrimSpace(spelledOut.Replace(asked)), "-", "")
	if !startOfID.MatchString(start) {
		return uuid.Nil, uuid.Nil, false
	}
	from, err := uuid.Parse(start + strings.Repeat("0", 32-len(start)))
	if err != nil {
		return uuid.Nil, uuid.Nil, false
	}
	to, err = uuid.Parse(start + strings.Repeat("f", 32-len(start)))
	return from, to, err == nil
}

// Unquoted is what was pasted as somebody would have typed it: without what nobody sees, the marks that quoted it, and what ended
// the sentence.
func Unquoted(pasted string) string {
	if typed := strings.Trim(okey.VisibleLine(pasted), ` .,;:!?…"«»“”„`); typed != "" {
		return typed
	}
	return pasted // nothing but marks: it finds nothing, and the page says so
}

// namedInAddress are the addresses of OKEY's that name a thing by something else than its id.
var namedInAddress = []*regexp.Regexp{
	regexp.MustCompile(`/(?:clefs|keys|etablissements)/([^/?#\s]+)`),
	regexp.MustCompile(`[?&](?:etablissement|establishment|lot|clef)=([^&#\s]+)`),
}

// OfAddress is what an address of OKEY's is about; any other text as it is.
func OfAddress(asked string) string {
	for _, address := range namedInAddress {
		if named := address.FindStringSubmatch(asked); len(named) > 1 && wholeID.FindString(named[1]) == "" {
			if plain, err := url.QueryUnescape(named[1]); err == nil {
				return plain
			}
		}
	}
	return asked
}

// Pieces are the numbers and addresses among the words that were typed: each may be what is looked for, whatever stands around it.
func Pieces(asked string) []string {
	words := strings.FieldsFunc(asked, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`,;:!?()[]<>"«»“”„°º…`, r)
	})
	for i, word := range words {
		words[i] = strings.Trim(word, ".")
	}
	return slices.DeleteFunc(words, func(word string) bool {
		return word == asked || len(word) < 5 || !strings.ContainsAny(word, "@0123456789")
	})
}

// NumberTyped is the number that was typed, whatever was put before it.
func NumberTyped(asked string) (int64, bool) {
	number, err := strconv.ParseInt(strings.TrimSpace(spelledOut.Replace(strings.ToLower(asked))), 10, 64)
	return number, err == nil
}

// OrderTyped is the number in what names an order: "commande n° 1", "n° 1". A number alone may be anything's.
func OrderTyped(asked string) (int64, bool) {
	number, ok := NumberTyped(asked)
	return number, ok && spelledOut.Replace(strings.ToLower(asked)) != strings.ToLower(asked)
}

// codeAmong is a UAI wherever it stands: "Collège Les Mimosas (0069901E)", "RNE 0069901E", the establishment's own address
// "ce.0061565U@ac-nice.fr".
var codeAmong = regexp.MustCompile(`(?i)\b[0-9]{7}[a-z]\b`)

// CodeTyped is the UAI that was typed, alone or among other words; empty for none that is right.
func CodeTyped(asked string) okey.UAI {
	if code, err := okey.ParseUAI(asked); err == nil {
		return code
	}
	for _, among := range codeAmong.FindAllString(asked, -1) {
		if code, err := okey.ParseUAI(among); err == nil {
			return code
		}
	}
	return ""
}

// civility is what people put before a name.
var civility = regexp.MustCompile(`(?i)^\s*(?:mailto:|(?:mrs?|mme|mlle|melle|mle|m|monsieur|madame|mademoiselle)(?:\.\s*|\s+))`)

// aroundNames is what lists and mail programs put around names and addresses, and after initials.
var aroundNames = strings.NewReplacer(
	",", " ", ";", " ", "<", " ", ">", " ", `"`, " ", "«", " ", "»", " ", "“", " ", "”", " ", "(", " ", ")", " ", ". ", " ", "mailto:", "",
)

// NameTyped is a name, or an address, without what does not belong to it: "Mme Martin, Léa", "<lea.martin@ac-nice.fr>".
func NameTyped(asked string) string { return civility.ReplaceAllString(aroundNames.Replace(asked), "") }

// ofCodes are the words that people put before a school's code.
var ofCodes = []string{"uai", "rne", "code"}

// PersonTyped is the name of somebody to whom a school's code was added: "Léa Martin (0069901E)". A code alone stays as it is.
func PersonTyped(asked string) string {
	whole := NameTyped(asked)
	words := slices.DeleteFunc(strings.Fields(whole), func(word string) bool {
		_, err := okey.ParseUAI(word)
		return err == nil || slices.Contains(ofCodes, strings.ToLower(word))
	})
	if len(words) == 0 {
		return whole
	}
	return strings.Join(words, " ")
}

// spellings are words that schools' names have whole in one list and short in another.
type spellings []struct{ brief, full string }

var abbreviations = spellings{
	{"clg", "collège"},
	{"col", "collège"},
	{"lyc", "lycée"},
	{"lp", "lycée professionnel"},
	{"lpo", "lycée polyvalent"},
	{"lgt", "lycée général et technologique"},
	{"st", "saint"},
	{"ste", "sainte"},
	{"gd", "grand"},
	{"nd", "notre dame"},
	{"dr", "docteur"},
	{"gal", "général"},
	{"mal", "maréchal"},
	{"cdt", "commandant"},
}

func (s spellings) whole(asked string) string {
	return s.each(asked, func(word string) string {
		for _, one := range s {
			if strings.EqualFold(strings.TrimSuffix(word, "."), one.brief) {
				return one.full
			}
		}
		return word
	})
}

func (s spellings) short(asked string) string {
	return s.each(asked, func(word string) string {
		for _, one := range s {
			if strings.EqualFold(word, one.full) {
				return one.brief
			}
		}
		return word
	})
}

func (s spellings) each(asked string, respell func(string) string) string {
	words := strings.FieldsFunc(asked, func(r rune) bool { return r == ' ' || r == '-' })
	for i, word := range words {
		words[i] = respell(word)
	}
	return strings.Join(words, " ")
}

// IsPlainText keeps what PostgreSQL would choke on out of a search.
func IsPlainText(text string) bool {
	_, err := okey.CheckText("q", text, false)
	return err == nil
}

// SayList names keys within a sentence.
func SayList(serials []okey.Serial) string { return okey.SayNames(Texts(serials)) }

// Texts are serials as plain texts.
func Texts(serials []okey.Serial) []string {
	said := make([]string, len(serials))
	for i, serial := range serials {
		said[i] = string(serial)
	}
	return said
}

// PlainQuery is a text of the address; one that no database takes filters nothing.
func PlainQuery(v *Visit, name string) string {
	text := strings.TrimSpace(v.Query(name))
	if !IsPlainText(text) {
		return ""
	}
	return text
}
