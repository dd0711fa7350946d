package okey

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Use is something that people need a key for, as the page of asking offers it.
type Use struct {
	Code  string // of the form alone: what is kept, and what others read, is the sentence of NeedOf
	Label string
}

// UseOther is what is ticked by whoever finds nothing that fits: its words have to follow.
const UseOther = "autre"

// Uses returns what the page of asking offers, in its order.
func Uses() []Use {
	return []Use{
		{"direction", "Direction de l'établissement"},
		{"secretariat", "Secrétariat"},
		{"eleves", "Élèves et scolarité (SIECLE, livret scolaire)"},
		{"services", "Services et moyens (STSWEB)"},
		{"examens", "Examens (Cyclades)"},
		{"gestion", "Gestion et intendance (Op@le, GFC)"},
		{UseOther, "Autre chose"},
	}
}

// NeedOf makes one sentence of what somebody has ticked and written: "Secrétariat, examens (Cyclades) : je remplace Mme Petit". The error
// is invalid, with field need, where it says nothing, or more than MaxText.
func NeedOf(ticked []string, text string) (string, error) {
	var uses []string
	other := false
	for _, use := range Uses() {
		switch {
		case !slices.Contains(ticked, use.Code):
		case use.Code == UseOther:
			other = true
		default:
			uses = append(uses, uncapitalize(use.Label))
		}
	}
	said := strings.Join(uses, ", ")
	if said != "" {
		said = Capitalize(said)
	}
	written, err := CheckText("need", text, false)
	switch {
	case err != nil:
		return "", err
	case written == "" && other:
		return "", InvalidField("need", "Vous avez coché « Autre chose » : dites en quelques mots de quoi il s'agit.")
	case written == "" && said == "":
		return "", InvalidField("need", "Cochez au moins une case, ou écrivez en quelques mots pourquoi vous avez besoin d'une clef.")
	case written == "":
		return said, nil
	case said == "":
		return written, nil
	}
	if left := MaxText - utf8.RuneCountInString(said+" : "); utf8.RuneCountInString(written) > left {
		return "", InvalidField(
			"need",
			"Ce texte est trop long : %d caractères, %d au plus avec ce que vous avez coché.",
			utf8.RuneCountInString(written),
			left,
		)
	}
	return said + " : " + written, nil
}

func uncapitalize(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(first)) + s[size:]
}
