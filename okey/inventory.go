package okey

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Finding is what an inventory says of one key.
type Finding string

// The findings of an inventory.
const (
	Found          Finding = "found"      // lies there, as it should
	Missing        Finding = "missing"    // should lie there
	Unexpected     Finding = "unexpected" // lies there, but is lent, lost, broken, scrapped or on its way
	FoundElsewhere Finding = "elsewhere"  // belongs to another establishment
	FoundUnknown   Finding = "unknown"    // OKEY does not know it: support is asked
)

// MaxInventory is how many serials one inventory takes.
const MaxInventory = 2000

// wholeSerial is how long a serial is that stands alone, in characters: shorter words are parts of one that is printed with spaces.
const wholeSerial = 6

// InventoryLine is one key of an inventory. State is the key's, where OKEY knows it.
type InventoryLine struct {
	Serial  Serial
	Finding Finding
	State   KeyState
}

// Inventory is what somebody found in an establishment's drawer.
type Inventory struct {
	ID      uuid.UUID
	UAI     UAI
	By      PersonID
	At      time.Time
	Comment string
	Lines   []InventoryLine
}

// InDrawer tells whether a key in this state should lie in its establishment's drawer.
func (s KeyState) InDrawer() bool { return s == InStock || s == Reserved || s == Attributed }

// CompareInventory says what each key is: those that were typed, known with the keys that they name, and those that should be there. The
// lines are ordered by serial; each serial has one.
func CompareInventory(uai UAI, typed []Serial, known []Key) []InventoryLine {
	keys := make(map[Serial]Key, len(known))
	for _, k := range known {
		keys[k.Serial] = k
	}
	lines := map[Serial]InventoryLine{}
	for _, serial := range typed {
		k, there := keys[serial]
		line := InventoryLine{Serial: serial, Finding: FoundUnknown, State: k.State}
		switch {
		case there && k.UAI != uai:
			line.Finding = FoundElsewhere
		case there && k.State.InDrawer():
			line.Finding = Found
		case there:
			line.Finding = Unexpected
		}
		lines[serial] = line
	}
	for _, k := range known {
		if _, was := lines[k.Serial]; !was && k.UAI == uai && k.State.InDrawer() {
			lines[k.Serial] = InventoryLine{Serial: k.Serial, Finding: Missing, State: k.State}
		}
	}
	sorted := make([]InventoryLine, 0, len(lines))
	for _, line := range lines {
		sorted = append(sorted, line)
	}
	slices.SortFunc(sorted, func(a, b InventoryLine) int { return strings.Compare(string(a.Serial), string(b.Serial)) })
	return sorted
}

// ProposeSerials returns, for each typed serial that OKEY does not know, the establishment's own keys that it may stand for: those that
// differ by leading zeros only. Keys of other establishments are none of the reader's business.
func ProposeSerials(uai UAI, lines []InventoryLine, known []Key) map[Serial][]Serial {
	byStem := map[string][]Serial{}
	for _, k := range known {
		if k.UAI == uai {
			byStem[k.Serial.Stem()] = append(byStem[k.Serial.Stem()], k.Serial)
		}
	}
	proposed := map[Serial][]Serial{}
	for _, line := range lines {
		if near := byStem[line.Serial.Stem()]; line.Finding == FoundUnknown && len(near) > 0 {
			proposed[line.Serial] = near
		}
	}
	return proposed
}

// ReadSerials reads what was typed or scanned: one serial a line, or several with commas or semicolons between them. A space within is part
// of how the serial is printed, unless each part is as long as a serial: then they are several. Each counts once; what is none is returned
// as it was typed.
func ReadSerials(text string) (serials []Serial, unreadable []string) {
	seen := map[Serial]bool{}
	for _, typed := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\t\r\n,;", r) }) {
		words := strings.Fields(typed)
		if slices.ContainsFunc(words, func(word string) bool { return utf8.RuneCountInString(word) < wholeSerial }) {
			words = []string{strings.TrimSpace(typed)}
		}
		for _, word := range words {
			serial, err := ParseSerial(word)
			switch {
			case err != nil:
				unreadable = append(unreadable, word)
			case !seen[serial]:
				seen[serial] = true
				serials = append(serials, serial)
			}
		}
	}
	return serials, unreadable
}

// ReportState is what became of a serial that OKEY did not know.
type ReportState string

// The states of a report.
const (
	ReportPending   ReportState = "pending"
	ReportConfirmed ReportState = "confirmed"
	ReportRejected  ReportState = "rejected"
)

var reportStateNames = map[ReportState]string{ReportPending: "à confirmer", ReportConfirmed: "confirmée", ReportRejected: "écartée"}

// French names the state on pages.
func (s ReportState) French() string { return reportStateNames[s] }

// KeyReport is a key in a drawer that OKEY did not know.
type KeyReport struct {
	ID     uuid.UUID
	Serial Serial
	UAI    UAI
	By     PersonID
	At     time.Time
	State  ReportState
}
