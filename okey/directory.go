package okey

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// DirectoryRules say how an academy's directory writes what its people are, in the claims of a sign-in. The names and values are those of
// the education ministry's directories; an academy may set others. An empty name is not read.
type DirectoryRules struct {
	Function    string   // names the claim of a person's administrative function: FrEduFonctAdm
	Heads       string   // of the establishments that they head: FrEduRneResp
	Works       string   // of those that they are assigned to: FrEduRne
	Delegations string   // of what others gave them: FrEduResDel
	Principals  []string // the functions of a head: DIR
	Deputies    []string // and of a deputy
	Application string   // as which OKEY stands in delegations
}

// DirectorySays is what a directory says of one person. Approvers are named with their function, everybody as staff besides: a function
// ends some day, to work somewhere does not.
type DirectorySays struct {
	Assignments []Assignment // Until is never set
	Delegations []DirectoryDelegation
	Unread      []DirectoryValue // what stands where a UAI should, and is none: nobody knows where this person works or what they head
}

// DirectoryValue is a value of a claim or an attribute.
type DirectoryValue struct{ Name, Value string }

// DirectoryDelegation is a delegation for everything that a directory carries. It holds while whoever gave it answers for the
// establishment.
type DirectoryDelegation struct {
	UAI     UAI
	GivenBy string // uid, as NormalUID leaves it
	From    Day
	Until   Day // included
}

// Read takes what the claims say, each with all its values. What is no date, or about another application, is passed over, and what is no
// UAI is told: people must not be kept out by a value that somebody once typed.
func (r DirectoryRules) Read(claims map[string][]string) DirectorySays {
	var says DirectorySays
	heads, works := says.uais(claims, r.Heads), says.uais(claims, r.Works)
	function := Staff
	for _, value := range claims[r.Function] {
		switch value = strings.TrimSpace(value); {
		case matches(r.Principals, value):
			function = Principal
		case function != Principal && matches(r.Deputies, value):
			function = Deputy
		}
	}
	answers := heads
	if function == Deputy && len(heads) == 0 { // a deputy heads none: FrEduRne says where
		answers = works
	}
	for _, uai := range sorted(works, heads) {
		says.Assignments = append(says.Assignments, Assignment{UAI: uai, Function: Staff})
		if function.Approves() && slices.Contains(answers, uai) {
			says.Assignments = append(says.Assignments, Assignment{UAI: uai, Function: function})
		}
	}
	for _, value := range claims[r.Delegations] {
		says.Delegations = append(says.Delegations, r.delegation(value)...)
	}
	slices.SortFunc(says.Delegations, func(a, b DirectoryDelegation) int {
		return cmp.Or(
			strings.Compare(string(a.UAI), string(b.UAI)),
			strings.Compare(a.GivenBy, b.GivenBy),
			a.From.t.Compare(b.From.t),
			a.Until.t.Compare(b.Until.t),
		)
	})
	says.Delegations = slices.Compact(says.Delegations) // one a way in to the portal, in the directory
	return says
}

// uais are those of a claim; what is none is noted.
func (s *DirectorySays) uais(claims map[string][]string, name string) []UAI {
	uais, unread := uaisOf(claims[name])
	for _, code := range unread {
		s.Unread = append(s.Unread, DirectoryValue{Name: name, Value: code})
	}
	return uais
}

func matches(values []string, value string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(strings.TrimSpace(v), value) && value != "" })
}

// uaisOf reads values of the form UAI$type$..., or bare ones, in whichever case; several may stand in one. X, for none, is no UAI; whatever
// has a digit was to be one.
func uaisOf(values []string) (uais []UAI, unread []string) {
	for _, value := range values {
		for _, one := range strings.FieldsFunc(value, func(c rune) bool { return c == ';' || c == ',' || c == ' ' || c == '\n' }) {
			code, _, _ := strings.Cut(one, "$")
			if uai, err := ParseUAI(code); err == nil {
				uais = append(uais, uai)
			} else if strings.ContainsAny(code, "0123456789") {
				unread = append(unread, code)
			}
		}
	}
	return uais, unread
}

func sorted(lists ...[]UAI) []UAI {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// delegation reads `name|address|from|until|giver|FrEduRneResp=UAI$...|server|module|`. The application is the name, or applicationname in
// the address.
func (r DirectoryRules) delegation(value string) []DirectoryDelegation {
	parts := strings.Split(value, "|")
	if len(parts) < 6 || r.Application == "" || !r.ours(parts[0], parts[1]) {
		return nil
	}
	from, errFrom := directoryDay(parts[2])
	until, errUntil := directoryDay(parts[3])
	giver := NormalUID(parts[4])
	if errFrom != nil || errUntil != nil || until.Before(from) || giver == "" {
		return nil
	}
	_, over, named := strings.Cut(parts[5], "=")
	if !named {
		over = parts[5]
	}
	var given []DirectoryDelegation
	uais, _ := uaisOf([]string{over})
	for _, uai := range uais {
		given = append(given, DirectoryDelegation{UAI: uai, GivenBy: giver, From: from, Until: until})
	}
	return given
}

func (r DirectoryRules) ours(name, address string) bool {
	if strings.EqualFold(strings.TrimSpace(name), r.Application) {
		return true
	}
	_, query, _ := strings.Cut(address, "?")
	for _, pair := range strings.Split(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(key, "applicationname") && strings.EqualFold(value, r.Application) {
			return true
		}
	}
	return false
}

// directoryDay reads 31/08/2027 or 2027-08-31. The year 9999 stands for no end.
func directoryDay(text string) (Day, error) {
	text = strings.TrimSpace(text)
	t, err := time.Parse("02/01/2006", text)
	if err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	return DayOf(t, time.UTC), err
}
