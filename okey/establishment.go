package okey

import (
	"fmt"
	"slices"
)

// Establishment is a school as the register of establishments describes it. OKEY compares its codes, never its labels.
type Establishment struct {
	UAI      UAI
	Name     string
	Nature   int    // nature_uai: 100 to 199 first degree, 300 to 399 second degree
	Contract string // contract code, ContractPublic for public schools
	State    string // etat_etablissement: StateOpen, or closing, opening, closed
	Academy  string // code_academie, two digits: see AcademyByCode
	Street   string // and number; empty where the register does not say
	Commune  string
	Postcode string

	// Mother is the school that this one is a part of, as a section or annexe is (etablissement_mere): empty for none, or where the
	// register does not say.
	Mother UAI
}

// Codes of the register that OKEY compares with.
const (
	StateOpen      = "1"
	ContractPublic = "99"
)

// contractsServed: public, then simple contracts and contracts of association, for all or part of the classes, both, and
// agricultural schools (nomenclature N_CONTRAT_ETABLISSEMENT). Not in it: 10 hors contrat, 50 merely recognised.
var contractsServed = []string{ContractPublic, "20", "21", "30", "31", "40", "41", "60"}

// NotServed is why OKEY does not serve an establishment.
type NotServed string

// The reasons. Served establishments have the empty one.
const (
	FirstDegree      NotServed = "first_degree"
	NotASchool       NotServed = "not_a_school" // an administration, an information centre: neither first nor second degree
	Closed           NotServed = "closed"       // closed, closing, or not open yet
	NotUnderContract NotServed = "not_under_contract"
)

// NotServedReasons returns every reason, in the order of summaries.
func NotServedReasons() []NotServed {
	return []NotServed{FirstDegree, NotASchool, Closed, NotUnderContract}
}

var notServedNames = map[NotServed]string{
	FirstDegree:      "premier degré",
	NotASchool:       "ni premier ni second degré",
	Closed:           "établissement fermé ou pas encore ouvert",
	NotUnderContract: "second degré hors contrat",
}

// French names the reason in summaries.
func (n NotServed) French() string { return notServedNames[n] }

// Served tells whether OKEY serves the establishment, and why not.
func (e Establishment) Served() (bool, NotServed) {
	switch {
	case e.Nature >= 100 && e.Nature <= 199:
		return false, FirstDegree
	case e.Nature < 300 || e.Nature > 399:
		return false, NotASchool
	case e.State != StateOpen:
		return false, Closed
	case !slices.Contains(contractsServed, e.Contract):
		return false, NotUnderContract
	}
	return true, ""
}

// Mailbox is the establishment's own mailbox, read by its secretary; empty where the academy is unknown. Nothing that is sent
// there may carry a link that acts.
func (e Establishment) Mailbox() string {
	academy, ok := AcademyByCode(e.Academy)
	if !ok {
		return ""
	}
	return fmt.Sprintf("ce.%s@%s", e.UAI, academy.Domain)
}

// SayPlace names an establishment and its code.
func SayPlace(name string, uai UAI) string { return name + " (" + string(uai) + ")" }
