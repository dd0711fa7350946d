package server

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// How people write what they look for: with what comes before a number, in an address that they paste, as a school's sign has it.

// spelledOut are what people put before the number of a request, an order or a delivery.
var spelledOut = strings.NewReplacer("demande", "", "commande", "", "livraison", "", "numéro", "", "numero", "", "n°", "", "no", "", "#", "")

// wholeID is an id, wherever it stands: in an address of OKEY's, in the name of a workflow.
var wholeID = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// idsTyped are the first and last id that what was typed may be: a whole one, or as much of it as pages show; ok is false for neither.
func idsTyped(asked string) (from, to uuid.UUID, ok bool) {
	asked = strings.ToLower(asked)
	if whole := wholeID.FindString(asked); whole != "" {
		id, err := uuid.Parse(whole)
		return id, id, err == nil
	}
	asked = strings.TrimSpace(spelledOut.Replace(asked))
	if len(asked) != 8 {
		return uuid.Nil, uuid.Nil, false
	}
	from, err := uuid.Parse(asked + "-0000-0000-0000-000000000000")
	if err != nil {
		return uuid.Nil, uuid.Nil, false
	}
	to, err = uuid.Parse(asked + "-ffff-ffff-ffff-ffffffffffff")
	return from, to, err == nil
}

// numberTyped is the number that was typed, whatever was put before it.
func numberTyped(asked string) (int64, bool) {
	number, err := strconv.ParseInt(strings.TrimSpace(spelledOut.Replace(strings.ToLower(asked))), 10, 64)
	return number, err == nil
}

// orderTyped is the number in what names an order: "commande n° 1", "n° 1". A number alone may be anything's.
func orderTyped(asked string) (int64, bool) {
	number, ok := numberTyped(asked)
	return number, ok && spelledOut.Replace(strings.ToLower(asked)) != strings.ToLower(asked)
}

// mailboxOfSchool is an establishment's own address, as academies name it: ce.0061565U@ac-nice.fr; or as much of it as people remember.
var mailboxOfSchool = regexp.MustCompile(`(?i)^<?ce\.([0-9]{7}[a-z])(?:@|>?$)`)

// civility is what people put before a name.
var civility = regexp.MustCompile(`(?i)^\s*(?:m|mr|mme|mlle|monsieur|madame|mademoiselle)\b\.?\s+`)

// aroundNames is what lists and mail programs put around names and addresses.
var aroundNames = strings.NewReplacer(",", " ", ";", " ", "<", " ", ">", " ", `"`, " ", "(", " ", ")", " ")

// nameTyped is a name, or an address, without what does not belong to it: "Mme Martin, Léa", "<lea.martin@ac-nice.fr>".
func nameTyped(asked string) string { return civility.ReplaceAllString(aroundNames.Replace(asked), "") }

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
