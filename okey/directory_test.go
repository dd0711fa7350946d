package okey_test

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

var directory = okey.DirectoryRules{
	Function: "FrEduFonctAdm", Heads: "FrEduRneResp", Works: "FrEduRne", Delegations: "FrEduResDel",
	Principals: []string{"DIR"}, Deputies: []string{"ADJ", "DIA"}, Application: "okey",
}

const tilleuls, acacias = okey.UAI("0069001B"), okey.UAI("0069002C")

// Every oddity that academies' directories are known for.
func TestWhatADirectorySaysOfAPerson(t *testing.T) {
	staff := func(uai okey.UAI) okey.Assignment { return okey.Assignment{UAI: uai, Function: okey.Staff} }
	head := func(uai okey.UAI) okey.Assignment { return okey.Assignment{UAI: uai, Function: okey.Principal} }
	deputy := func(uai okey.UAI) okey.Assignment { return okey.Assignment{UAI: uai, Function: okey.Deputy} }
	for name, test := range map[string]struct {
		claims map[string][]string
		want   []okey.Assignment
	}{
		"nothing":             {nil, nil},
		"a teacher":           {map[string][]string{"FrEduRne": {"0069001B$UAJ$PU$ENS$0069001B$T3$CLG$340"}}, []okey.Assignment{staff(tilleuls)}},
		"a head of one":       {map[string][]string{"FrEduFonctAdm": {"DIR"}, "FrEduRneResp": {"0069001B$UAJ$PU$N$T3$CLG$340"}}, []okey.Assignment{staff(tilleuls), head(tilleuls)}},
		"a head of two":       {map[string][]string{"FrEduFonctAdm": {"DIR"}, "FrEduRneResp": {"0069002C$UAJ$PU", "0069001B$UAJ$PU"}}, []okey.Assignment{staff(tilleuls), head(tilleuls), staff(acacias), head(acacias)}},
		"both in one value":   {map[string][]string{"FrEduFonctAdm": {"DIR"}, "FrEduRneResp": {"0069002C$UAJ$PU;0069001B$UAJ$PU"}}, []okey.Assignment{staff(tilleuls), head(tilleuls), staff(acacias), head(acacias)}},
		"bare":                {map[string][]string{"FrEduFonctAdm": {"DIR"}, "FrEduRneResp": {"0069001B"}}, []okey.Assignment{staff(tilleuls), head(tilleuls)}},
		"lower case":          {map[string][]string{"FrEduFonctAdm": {" dir "}, "FrEduRneResp": {"0069001b$uaj"}}, []okey.Assignment{staff(tilleuls), head(tilleuls)}},
		"heads none: X":       {map[string][]string{"FrEduFonctAdm": {"DIR"}, "FrEduRneResp": {"X"}, "FrEduRne": {"0069001B$UAJ"}}, []okey.Assignment{staff(tilleuls)}},
		"heads none: empty":   {map[string][]string{"FrEduFonctAdm": {"DIR"}, "FrEduRneResp": {""}, "FrEduRne": {"0069001B"}}, []okey.Assignment{staff(tilleuls)}},
		"named head, is none": {map[string][]string{"FrEduFonctAdm": {"GES"}, "FrEduRneResp": {"0069001B$UAJ"}}, []okey.Assignment{staff(tilleuls)}},
		"a deputy":            {map[string][]string{"FrEduFonctAdm": {"ADJ"}, "FrEduRneResp": {"X"}, "FrEduRne": {"0069001B$UAJ"}}, []okey.Assignment{staff(tilleuls), deputy(tilleuls)}},
		"a deputy who heads":  {map[string][]string{"FrEduFonctAdm": {"DIA"}, "FrEduRneResp": {"0069002C"}, "FrEduRne": {"0069001B$UAJ"}}, []okey.Assignment{staff(tilleuls), staff(acacias), deputy(acacias)}},
		"two functions":       {map[string][]string{"FrEduFonctAdm": {"ADJ", "DIR"}, "FrEduRneResp": {"0069002C"}}, []okey.Assignment{staff(acacias), head(acacias)}},
		"a wrong check":       {map[string][]string{"FrEduRne": {"0069001Z", "", "n/a", "0069002C$UAJ"}}, []okey.Assignment{staff(acacias)}},
		"twice":               {map[string][]string{"FrEduRne": {"0069001B$UAJ", "0069001b"}}, []okey.Assignment{staff(tilleuls)}},
		"another's claim":     {map[string][]string{"FrEduGestResp": {"0069001B"}}, nil},
	} {
		assert.Equal(t, test.want, directory.Read(test.claims).Assignments, name)
	}
}

func TestADirectorysDelegationsAreThoseForOKEY(t *testing.T) {
	given := []okey.DirectoryDelegation{{UAI: tilleuls, GivenBy: "proux", From: okey.NewDay(2026, 9, 1), Until: okey.NewDay(2027, 8, 31)}}
	for name, test := range map[string]struct {
		value string
		want  []okey.DirectoryDelegation
	}{
		"by name":            {"okey|/redirectionhub/redirect.jsp|01/09/2026|31/08/2027|proux|FrEduRneResp=0069001B$UAJ$PU$N$T3$CLG$340|portail||", given},
		"by other capitals":  {"okey||01/09/2026|31/08/2027| PRoux|0069001B", given},
		"by address":         {"clefs|/redirect.jsp?lang=fr&applicationname=OKEY|01/09/2026|31/08/2027|proux|FrEduRneResp=0069001b$UAJ||", given},
		"ISO dates":          {"okey||2026-09-01|2027-08-31|proux|0069001B", given},
		"two schools":        {"okey||01/09/2026|31/08/2027|proux|FrEduRneResp=0069001B$UAJ;0069002C$UAJ|", append(given[:1:1], okey.DirectoryDelegation{UAI: acacias, GivenBy: "proux", From: given[0].From, Until: given[0].Until})},
		"without end":        {"okey||01/09/2026|31/12/9999|proux|0069001B", []okey.DirectoryDelegation{{UAI: tilleuls, GivenBy: "proux", From: given[0].From, Until: okey.NewDay(9999, 12, 31)}}},
		"another's":          {"orion|/redirect.jsp?applicationname=orion|01/09/2026|31/08/2027|proux|FrEduRneResp=0069001B", nil},
		"a name within":      {"okey2|/r?x=1&applicationname=monokey|01/09/2026|31/08/2027|proux|0069001B", nil},
		"no giver":           {"okey||01/09/2026|31/08/2027||0069001B", nil},
		"no such date":       {"okey||31/02/2026|31/08/2027|proux|0069001B", nil},
		"end before its day": {"okey||01/09/2026|31/08/2026|proux|0069001B", nil},
		"of no school":       {"okey||01/09/2026|31/08/2027|proux|FrEduRneResp=X", nil},
		"cut short":          {"okey||01/09/2026", nil},
		"empty":              {"", nil},
	} {
		assert.Equal(t, test.want, directory.Read(map[string][]string{"FrEduResDel": {test.value, test.value}}).Delegations, name)
	}
	silent := directory
	silent.Application = ""
	assert.Empty(
		t,
		silent.Read(map[string][]string{"FrEduResDel": {"|/x|01/09/2026|31/08/2027|proux|0069001B"}}).Delegations,
		"no application, no delegation",
	)
}
