package okey

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhichEstablishmentsOKEYServes(t *testing.T) {
	for _, c := range []struct {
		nature          int
		contract, state string
		why             NotServed
	}{
		{340, "99", "1", ""},
		{300, "30", "1", ""},
		{399, "60", "1", ""},
		{340, "20", "1", ""},
		{340, "21", "1", ""},
		{340, "31", "1", ""},
		{340, "40", "1", ""},
		{340, "41", "1", ""},
		{340, "10", "1", NotUnderContract},
		{340, "50", "1", NotUnderContract},
		{340, "", "1", NotUnderContract},
		{340, "99", "2", Closed},
		{340, "99", "3", Closed},
		{340, "99", "", Closed},
		{101, "99", "1", FirstDegree},
		{151, "10", "2", FirstDegree},
		{400, "99", "1", NotASchool},
		{0, "99", "1", NotASchool},
		{299, "99", "1", NotASchool},
	} {
		served, why := Establishment{Nature: c.nature, Contract: c.contract, State: c.state}.Served()
		assert.Equal(t, c.why, why, c)
		assert.Equal(t, c.why == "", served, c)
	}
}

func TestEveryReasonHasAName(t *testing.T) {
	for _, why := range NotServedReasons() {
		assert.NotEmpty(t, why.French(), why)
	}
}

func TestMailboxOfAnEstablishment(t *testing.T) {
	assert.Equal(t, "ce.0061565U@ac-nice.fr", Establishment{UAI: "0061565U", Academy: "23"}.Mailbox())
	assert.Equal(t, "ce.9830003L@ac-noumea.nc", Establishment{UAI: "9830003L", Academy: "40"}.Mailbox())
	assert.Empty(t, Establishment{UAI: "0061565U", Academy: "98"}.Mailbox())
}

func TestAcademies(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for _, a := range Academies() {
		assert.Greater(t, a.Code, last, "in the order of codes")
		last = a.Code
		assert.False(t, seen[a.Domain], a.Domain)
		seen[a.Domain] = true
		assert.NotNil(t, a.Location(), a.Name)
		assert.NotEmpty(t, a.Holidays, a.Name)
		found, ok := AcademyByCode(a.Code)
		assert.True(t, ok)
		assert.Equal(t, a, found)
	}
	one, ok := AcademyByCode("1")
	assert.True(t, ok)
	assert.Equal(t, "Paris", one.Name)
	_, ok = AcademyByCode("05") // Caen, part of Normandie since 2020
	assert.False(t, ok)
	tahiti, _ := AcademyByCode("41")
	assert.Equal(t, "Pacific/Tahiti", tahiti.Location().String())
}
